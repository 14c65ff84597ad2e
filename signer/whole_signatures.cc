#include "signer/whole_signatures.h"

#include "signer/sha256.h"

namespace sealwire::signer {

struct WholeSignatures::Place {
  std::uint64_t key_id = 0;
  Digest digest{};
  SignatureOctets signature;  // empty: nothing is here
};

WholeSignatures::WholeSignatures() : places_(std::make_unique<Place[]>(kPlaces)) {}
WholeSignatures::~WholeSignatures() = default;

WholeSignatures::Found WholeSignatures::FindOrMake(const SigningKey& key,
                                                   dns::Bytes signed_data) noexcept {
  const Digest digest = Sha256::Hash(signed_data);
  const std::size_t hash = std::size_t{digest[0]} << 8 | digest[1];
  Place& place = places_[(hash ^ key.id) % kPlaces];
  if (!place.signature.empty() && place.key_id == key.id && place.digest == digest) {
    return {&place.signature, true};
  }
  SignatureOctets made;
  if (key.scalar == nullptr ||
      !SignMessage(key.algorithm, ConstScalar(key.scalar, 32), signed_data, made)) {
    return {};
  }
  place = {key.id, digest, made};
  return {&place.signature, false};
}

}  // namespace sealwire::signer
