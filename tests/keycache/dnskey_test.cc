#include "keycache/dnskey.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include "signer/rrsig.h"

namespace sealwire::keycache {
namespace {

// RFC 6605 section 6.1.
constexpr char kExampleKey[] =
    "GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edbkrSqQpF64cYbcB7wNcP+e+MAnLr+Wi9xMWyQLc8NAA==";

signer::PublicKey ExampleKey() {
  std::array<std::uint8_t, 66> octets{};
  EXPECT_EQ(EVP_DecodeBlock(octets.data(), reinterpret_cast<const unsigned char*>(kExampleKey), 88),
            66);
  signer::PublicKey key;
  std::copy_n(octets.begin(), key.size(), key.begin());
  return key;
}

TEST(Dnskey, Rfc6605Section6_1_KeyAndDs) {
  const DnskeyRdata rdata = MakeDnskey(Role::kKsk, ExampleKey());
  EXPECT_EQ(DnskeyText(rdata), std::string("257 3 13 ") + kExampleKey);
  EXPECT_EQ(signer::KeyTag(rdata), 55648);
  auto apex = dns::Name::FromText("example.net.");
  ASSERT_TRUE(apex);
  const DsRecord ds = MakeDs(*apex, rdata);
  EXPECT_EQ(ds.ToText(),
            "55648 13 2 B4C8C1FE2E7477127B27115656AD6256F424625BF5C1E2770CE6D6E37DF61D17");
  const auto wire = ds.Rdata();
  EXPECT_EQ(wire[0] << 8 | wire[1], 55648);
  EXPECT_EQ(wire[2], 13);
  EXPECT_EQ(wire[3], 2);
  EXPECT_EQ(wire[4], 0xb4);
  EXPECT_EQ(wire[35], 0x17);
}

TEST(Dnskey, Rfc4034Section5_1_4_DigestIsOverTheLowerCasedOwner) {
  auto lower = dns::Name::FromText("example.net."), upper = dns::Name::FromText("EXAMPLE.Net.");
  ASSERT_TRUE(lower && upper);
  const DnskeyRdata rdata = MakeDnskey(Role::kKsk, ExampleKey());
  EXPECT_EQ(MakeDs(*lower, rdata), MakeDs(*upper, rdata));
}

TEST(Dnskey, Rfc8078Section4_DeleteRecords) {
  // CDNSKEY "0 3 0 AA==" and CDS "0 0 0 00".
  EXPECT_EQ(DnskeyText(kDeleteCdnskey), "0 3 0 AA==");
  EXPECT_EQ(kDeleteCds, (std::array<std::uint8_t, 5>{}));
}

}  // namespace
}  // namespace sealwire::keycache
