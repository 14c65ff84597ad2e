// DNSKEY, DS, CDS and CDNSKEY RDATA (RFC 4034 sections 2 and 5, RFC 6605, RFC 8080, RFC 7344, RFC
// 8078).
//
// Threading: values and pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "dns/bounded_octets.h"
#include "dns/bytes.h"
#include "dns/name.h"
#include "signer/algorithm.h"

namespace sealwire::keycache {

// DNSKEY flags of a key's role (RFC 4034 section 2.1.1).
enum class Role : std::uint16_t { kZsk = 256, kKsk = 257 };

inline constexpr std::size_t kDnskeyFixedSize = 4;  // flags | protocol 3 | algorithm
// The fixed part, then the public key.
using DnskeyRdata = dns::BoundedOctets<kDnskeyFixedSize + signer::kMaxPublicKeySize>;
DnskeyRdata MakeDnskey(Role role, const signer::PublicOctets& key,
                       std::uint8_t algorithm = signer::kAlgorithmP256) noexcept;
inline std::uint8_t AlgorithmOf(const DnskeyRdata& key) noexcept {
  return key[3];
}

// A DS record with digest type 2, SHA-256 (RFC 4509).
struct DsRecord {
  std::uint16_t key_tag = 0;
  std::uint8_t algorithm = signer::kAlgorithmP256;
  std::uint8_t digest_type = 2;
  std::array<std::uint8_t, 32> digest{};

  std::array<std::uint8_t, 36> Rdata() const noexcept;  // also CDS RDATA (RFC 7344 section 3.1)
  std::string DigestText() const;                       // upper-case hexadecimal
  std::string ToText() const;                           // "60485 13 2 2BB183AF…"
  friend bool operator==(const DsRecord&, const DsRecord&) = default;
};
DsRecord MakeDs(dns::NameView apex, dns::Bytes dnskey_rdata);

// RFC 8078 section 4: "0 0 0 00" and "0 3 0 AA==" ask the parent to remove the DS.
inline constexpr std::array<std::uint8_t, 5> kDeleteCds = {0, 0, 0, 0, 0};
inline constexpr std::array<std::uint8_t, 5> kDeleteCdnskey = {0, 0, 3, 0, 0};

// "257 3 13 base64…" (RFC 4034 section 2.2).
std::string DnskeyText(dns::Bytes dnskey_rdata);

}  // namespace sealwire::keycache
