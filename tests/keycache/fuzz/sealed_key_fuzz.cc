// Envelopes: what decodes encodes to the same octets, and no envelope opens that was not sealed.
#include <array>
#include <cstdlib>

#include "keycache/sealed_key.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sealwire;
  const dns::Bytes octets(data, size);
  const auto sealed = keycache::SealedKey::Decode(octets);
  if (!sealed) return 0;
  if (!dns::Equal(sealed->Encode(), octets)) std::abort();
  std::array<std::uint8_t, 32> shard_key{}, scalar{};
  const keycache::SealedKeyContext context{dns::NameView(), sealed->role, sealed->key_tag, {}};
  if (keycache::Open(*sealed, shard_key, context, scalar)) std::abort();
  return 0;
}
