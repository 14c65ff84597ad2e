// Writes EDNS options as they stand in the RDATA of an OPT record (RFC 6891 section 6.1.2).
//
// What is written can be given to EdnsReply::options as it is. Threading: pure functions. Errors:
// the Writer's own. No allocation.
#pragma once

#include <cstdint>
#include <string_view>

#include "dns/bytes.h"
#include "dns/rr_type.h"

namespace sealwire::dns {

inline void WriteEdnsOption(Writer& out, EdnsOption code, Bytes data) noexcept {
  out.U16(static_cast<std::uint16_t>(code));
  out.U16(static_cast<std::uint16_t>(data.size()));
  out.Run(data);
}

// RFC 8914 section 2: INFO-CODE and EXTRA-TEXT, UTF-8 without a final NUL.
inline void WriteExtendedError(Writer& out, ExtendedError code,
                               std::string_view text = {}) noexcept {
  out.U16(static_cast<std::uint16_t>(EdnsOption::kExtendedError));
  out.U16(static_cast<std::uint16_t>(2 + text.size()));
  out.U16(static_cast<std::uint16_t>(code));
  for (const char c : text) out.U8(static_cast<std::uint8_t>(c));
}

}  // namespace sealwire::dns
