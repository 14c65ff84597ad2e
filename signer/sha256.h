// SHA-256 (FIPS 180-4) over short inputs: what is signed is mostly 100 to 300 octets long.
//
// A state is a value: hash a common prefix once, copy the state, go on from the copy. No
// allocation, no failure. Threading: values.
#pragma once

#include <array>
#include <cstddef>

#include "dns/bytes.h"
#include "signer/ecdsa.h"

namespace sealwire::signer {

class Sha256 {
 public:
  Sha256() noexcept;
  void Update(dns::Bytes data) noexcept;
  // The digest of everything given; afterwards the state is spent.
  Digest Finish() noexcept;

  static Digest Hash(dns::Bytes data) noexcept;

 private:
  alignas(8) std::array<std::byte, 112> state_;  // OpenSSL's SHA256_CTX
};

}  // namespace sealwire::signer
