#include "keycache/private_key.h"

#include <gmock/gmock.h>

#include <array>
#include <string>

#include "keycache/dnskey.h"
#include "keycache/pkcs11_uri.h"
#include "signer/openssl_signer.h"
#include "signer/rrsig.h"

namespace sealwire::keycache {
namespace {

using testing::HasSubstr;
using testing::Not;

// Made by dnssec-keygen 9.18 -f KSK; its key tag is 26343.
constexpr char kBind[] =
    "Private-key-format: v1.3\n"
    "Algorithm: 13 (ECDSAP256SHA256)\n"
    "PrivateKey: +/qb4Wh2p0reESo7QeIBSoxnmGGTiIIyGFpSeG9OcTg=\n"
    "Created: 20261124161414\n";

// One key, made by OpenSSL 3.0, in both forms.
constexpr char kSec1[] =
    "-----BEGIN EC PRIVATE KEY-----\n"
    "MHcCAQEEIG89QVGEx07+l+aykI1oq6hZUqPozOeRFnkYTIzert5UoAoGCCqGSM49\n"
    "AwEHoUQDQgAEkauPL4myqb8GhWBStLON934Ta8PoSjL7GPdyeOEh8ProJg2zVT75\n"
    "I/kCAYnioUT8OihCRvQi8VVwkH2L/Ibo4g==\n"
    "-----END EC PRIVATE KEY-----\n";
constexpr char kPkcs8[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgbz1BUYTHTv6X5rKQ\n"
    "jWirqFlSo+jM55EWeRhMjN6u3lShRANCAASRq48vibKpvwaFYFK0s433fhNrw+hK\n"
    "MvsY93J44SHw+ugmDbNVPvkj+QIBieKhRPw6KEJG9CLxVXCQfYv8huji\n"
    "-----END PRIVATE KEY-----\n";

using Scalar = std::array<std::uint8_t, 32>;
constexpr Scalar kZeros{};

TEST(PrivateKey, BindFileGivesTheKeyThatItsTagSays) {
  Scalar scalar{};
  ASSERT_TRUE(ReadPrivateKey(kBind, scalar));
  signer::PublicKey key;
  ASSERT_TRUE(signer::DerivePublicKey(scalar, key));
  EXPECT_EQ(signer::KeyTag(MakeDnskey(Role::kKsk, key)), 26343);
}

TEST(PrivateKey, PemGivesTheSameInBothForms) {
  Scalar one{}, other{};
  ASSERT_TRUE(ReadPrivateKey(kSec1, one));
  ASSERT_TRUE(ReadPrivateKey(kPkcs8, other));
  EXPECT_EQ(one, other);
  EXPECT_EQ(one[0], 0x6f);
  EXPECT_EQ(one[31], 0x54);
}

void ExpectRefused(std::string text, const char* why) {
  Scalar scalar;
  scalar.fill(1);
  const Status status = ReadPrivateKey(text, scalar);
  ASSERT_FALSE(status) << text;
  EXPECT_THAT(status.error(), HasSubstr(why));
  EXPECT_EQ(scalar, kZeros) << "nothing of it is left";
}

std::string With(std::string text, const std::string& what, const std::string& instead) {
  return text.replace(text.find(what), what.size(), instead);
}

TEST(PrivateKey, WhatIsNoKeyIsRefused) {
  ExpectRefused("", "neither");
  ExpectRefused("hello\n", "neither");
  ExpectRefused(With(kBind, "13 (ECDSAP256SHA256)", "8 (RSASHA256)"), "only 13");
  ExpectRefused(With(kBind, "13 (ECDSAP256SHA256)", "130"), "only 13");
  ExpectRefused(With(kBind, "+/qb", "+/"), "no PrivateKey of 32 octets");
  ExpectRefused(With(kBind, "+/qb", "+!qb"), "no PrivateKey of 32 octets");
  ExpectRefused(With(kBind, "PrivateKey:", "Modulus:"), "no PrivateKey of 32 octets");
  ExpectRefused(With(kSec1, "MHcC", "MHcD"), "no private key");
}

TEST(PrivateKey, NumberOutsideTheGroupIsRefused) {
  constexpr char kKey[] = "+/qb4Wh2p0reESo7QeIBSoxnmGGTiIIyGFpSeG9OcTg=";
  ExpectRefused(With(kBind, kKey, std::string(43, 'A') + "="), "no number");   // 0
  ExpectRefused(With(kBind, kKey, std::string(42, '/') + "8="), "no number");  // 2^256 - 1
}

TEST(PrivateKey, ErrorsSayNothingOfTheKey) {
  Scalar scalar;
  const Status status = ReadPrivateKey(With(kBind, "+/qb", "+/"), scalar);
  EXPECT_THAT(status.error(), Not(HasSubstr("4Wh2")));
}

TEST(PrivateKey, EncryptedPemIsRefusedWithoutAsking) {
  ExpectRefused(
      "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n"
      "DEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\n"
      "MHcCAQEEIG89QVGEx07+l+aykI1oq6hZUqPozOeRFnkYTIzert5UoAoGCCqGSM49\n"
      "-----END EC PRIVATE KEY-----\n",
      "no private key");
}

TEST(Pkcs11Uri, Rfc7512Section2_3_PathAttributesNameTheKey) {
  const auto uri = ParsePkcs11Uri("pkcs11:token=Site%20A;object=example.com;id=%00%ff?pin-value=x");
  ASSERT_TRUE(uri);
  EXPECT_EQ(uri->token, "Site A");
  EXPECT_EQ(uri->object, "example.com");
  EXPECT_EQ(uri->id, std::string("\0\xff", 2));
}

TEST(Pkcs11Uri, WhatNamesNoKeyIsNone) {
  for (const char* text : {"", "pkcs11:", "pkcs11:token=a", "http://object=a", "pkcs11:object",
                           "pkcs11:id=%0", "pkcs11:id=%zz", "pkcs11:id=%+1"}) {
    EXPECT_FALSE(ParsePkcs11Uri(text)) << text;
  }
}

}  // namespace
}  // namespace sealwire::keycache
