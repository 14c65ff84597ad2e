// Signatures of the algorithms that have no ready ink: made whole by OpenSSL, and kept in a table
// of their own, for one of P-384 takes 36 times as long as a whole one of P-256 (`openssl speed`).
//
// Direct-mapped by the SHA-256 of what is signed; a hit compares key and digest, so a place that
// another set took is a miss and never a wrong signature. Threading: one worker. Errors: null, no
// signature could be made. OpenSSL allocates for each signature that is made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "dns/bytes.h"
#include "signer/algorithm.h"
#include "signer/ecdsa.h"

namespace sealwire::signer {

class WholeSignatures {
 public:
  struct Found {
    const SignatureOctets* signature = nullptr;  // valid until the next call
    bool was_known = false;
  };

  WholeSignatures();
  ~WholeSignatures();
  WholeSignatures(const WholeSignatures&) = delete;
  WholeSignatures& operator=(const WholeSignatures&) = delete;

  // The signature of `key`, whose algorithm is not P-256, over `signed_data`.
  Found FindOrMake(const SigningKey& key, dns::Bytes signed_data) noexcept;

 private:
  static constexpr std::size_t kPlaces = 2048;
  struct Place;

  std::unique_ptr<Place[]> places_;
};

}  // namespace sealwire::signer
