// How a zone proves that something is not there.
#pragma once

#include <cstdint>

namespace sealwire::proxy {

enum class DenialMode : std::uint8_t {
  kCompact,    // one NSEC at the name, which lies that it exists (RFC 9824)
  kWhiteLies,  // NXDOMAIN, and NSEC records that cover nothing else (RFC 4470)
  kNsec3,  // NXDOMAIN, and NSEC3 records that cover nothing else (RFC 5155, RFC 7129 appendix B)
};

}  // namespace sealwire::proxy
