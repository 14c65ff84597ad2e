#include "signer/online_half.h"

#include "signer/p256_declassify.h"
#include "signer/p256_modular.h"

namespace sealwire::signer {

bool FinishSignature(const std::uint8_t* scalar, const Digest& digest, const ReadyPair& pair,
                     Signature& out) noexcept {
  using p256::Order;
  // The leftmost 256 bits of the hash are all of it, and h may exceed n: r·d + h stays below n·2²⁵⁶
  // all the same, so one reduction takes both.
  const Limbs d = p256::LoadBigEndian(scalar);
  const Limbs h = p256::LoadBigEndian(digest.data());
  const Limbs sum = Order::Redc(Order::MultiplyWide(pair.r, d, h));  // (h + r·d)/R
  const Limbs s = Order::Multiply(sum, pair.k_inverse);  // k⁻¹R² · (h + r·d)/R / R
  const std::uint64_t none = p256::ZeroMask(pair.r) | p256::ZeroMask(s);
  p256::Declassify(none);
  if (none != 0) return false;
  p256::StoreBigEndian(pair.r, out.data());
  p256::StoreBigEndian(s, out.data() + 32);
  return true;
}

}  // namespace sealwire::signer
