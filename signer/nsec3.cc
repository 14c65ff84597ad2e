#include "signer/nsec3.h"

#define OPENSSL_SUPPRESS_DEPRECATED  // SHA1_*: EVP would fetch and allocate for each name
#include <openssl/sha.h>

namespace sealwire::signer {
namespace {

using dns::RRType;

static_assert(std::tuple_size_v<Nsec3Hash> == SHA_DIGEST_LENGTH);

}  // namespace

Nsec3Hash HashOwner(dns::NameView name) noexcept {
  const dns::Name lower = name.Lowered();
  Nsec3Hash hash;
  SHA_CTX context;
  SHA1_Init(&context);
  SHA1_Update(&context, lower.wire().data(), lower.size());
  SHA1_Final(hash.data(), &context);
  return hash;
}

Nsec3Hash StepBefore(Nsec3Hash hash) noexcept {
  for (std::size_t at = hash.size(); at-- > 0;) {
    if (hash[at]-- != 0) break;
  }
  return hash;
}

Nsec3Hash StepBehind(Nsec3Hash hash) noexcept {
  for (std::size_t at = hash.size(); at-- > 0;) {
    if (++hash[at] != 0) break;
  }
  return hash;
}

std::optional<dns::Name> HashedOwner(const Nsec3Hash& hash, dns::NameView apex) noexcept {
  static constexpr char kDigits[] = "0123456789abcdefghijklmnopqrstuv";
  std::array<std::uint8_t, 32> label;
  for (std::size_t digit = 0; digit < label.size(); ++digit) {
    // Five bits from bit 5 * digit on; 160 bits are 32 digits without padding.
    const std::size_t bit = 5 * digit;
    const unsigned pair = static_cast<unsigned>(hash[bit / 8]) << 8 |
                          (bit / 8 + 1 < hash.size() ? hash[bit / 8 + 1] : 0u);
    label[digit] = static_cast<std::uint8_t>(kDigits[pair >> (11 - bit % 8) & 31]);
  }
  return dns::Name::Prepend(label, apex);
}

dns::TypeBitmap Nsec3Types(dns::TypeBitmap types) noexcept {
  types.Remove(RRType::kNSEC);
  const bool unsigned_cut =
      types.Has(RRType::kNS) && !types.Has(RRType::kSOA) && !types.Has(RRType::kDS);
  if (unsigned_cut || types.size() == 1) types.Remove(RRType::kRRSIG);
  return types;
}

void WriteNsec3(const Nsec3Hash& next, const dns::TypeBitmap& types, dns::Writer& out) noexcept {
  out.Run(kNsec3Param);  // the same four fields lead
  out.U8(static_cast<std::uint8_t>(next.size()));
  out.Run(next);
  types.Write(out);
}

}  // namespace sealwire::signer
