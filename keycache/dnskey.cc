#include "keycache/dnskey.h"

#include <openssl/evp.h>

#include <array>

#include "signer/rrsig.h"
#include "signer/sha256.h"

namespace sealwire::keycache {
namespace {

constexpr std::uint8_t kProtocol = 3;  // RFC 4034 section 2.1.2

}  // namespace

DnskeyRdata MakeDnskey(Role role, const signer::PublicOctets& key,
                       std::uint8_t algorithm) noexcept {
  std::array<std::uint8_t, kDnskeyFixedSize + signer::kMaxPublicKeySize> rdata;
  dns::Writer out(rdata);
  out.U16(static_cast<std::uint16_t>(role));
  out.U8(kProtocol);
  out.U8(algorithm);
  out.Run(key);
  return DnskeyRdata(out.written());
}

DsRecord MakeDs(dns::NameView apex, dns::Bytes dnskey_rdata) {
  DsRecord ds;
  ds.key_tag = signer::KeyTag(dnskey_rdata);
  ds.algorithm = dns::Reader(dnskey_rdata, 3).U8();
  // RFC 4034 section 5.1.4: the owner name in canonical form, then the DNSKEY RDATA.
  signer::Sha256 hash;
  hash.Update(dns::Name(apex).Lowered().wire());
  hash.Update(dnskey_rdata);
  ds.digest = hash.Finish();
  return ds;
}

std::array<std::uint8_t, 36> DsRecord::Rdata() const noexcept {
  std::array<std::uint8_t, 36> rdata{};
  dns::Writer out(rdata);
  out.U16(key_tag);
  out.U8(algorithm);
  out.U8(digest_type);
  out.Run(digest);
  return rdata;
}

std::string DsRecord::DigestText() const {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string text;
  text.reserve(2 * digest.size());
  for (std::uint8_t octet : digest) {
    text += kDigits[octet >> 4];
    text += kDigits[octet & 15];
  }
  return text;
}

std::string DsRecord::ToText() const {
  return std::to_string(key_tag) + ' ' + std::to_string(algorithm) + ' ' +
         std::to_string(digest_type) + ' ' + DigestText();
}

std::string DnskeyText(dns::Bytes dnskey_rdata) {
  dns::Reader in(dnskey_rdata);
  std::string text = std::to_string(in.U16());
  text += ' ' + std::to_string(in.U8());
  text += ' ' + std::to_string(in.U8()) + ' ';
  const dns::Bytes key = in.Run(in.remaining());
  std::string base64(4 * ((key.size() + 2) / 3) + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(base64.data()), key.data(),
                                   static_cast<int>(key.size()));
  base64.resize(static_cast<std::size_t>(size));
  return text + base64;
}

}  // namespace sealwire::keycache
