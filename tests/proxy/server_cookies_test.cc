// Server cookies, shown by the vectors of RFC 9018 appendix A.
#include "proxy/server_cookies.h"

#include <gtest/gtest.h>

#include <string>

namespace sealwire::proxy {
namespace {

using Standing = CookieStanding;

constexpr const char* kSecret = "e5e973e5a6b2a43f48e7dc849e37bfcf";
constexpr const char* kOther = "dd3bdf9344b678b185a6f5cb60fca715";
constexpr const char* kNewer = "445536bcd2513298075a5d379663c962";

std::shared_ptr<CookieKeyring> Keyring(const std::string& secrets) {
  return std::make_shared<CookieKeyring>(CookieSecrets::FromText(secrets).value());
}

std::vector<std::uint8_t> Octets(const std::string& hex) {
  std::vector<std::uint8_t> out;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    out.push_back(static_cast<std::uint8_t>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return out;
}

std::string Hex(dns::Bytes octets) {
  std::string out;
  for (const std::uint8_t octet : octets) {
    out += "0123456789abcdef"[octet >> 4];
    out += "0123456789abcdef"[octet & 15];
  }
  return out;
}

struct Judged {
  Standing standing;
  std::string reply;
};

Judged Judge(const std::string& secrets, const std::string& cookie, const char* client,
             std::uint32_t now) {
  ServerCookies cookies(Keyring(secrets));
  ServerCookies::Cookie reply{};
  const auto address = net::IpAddress::FromText(client).value();
  const Standing standing = cookies.Judge(Octets(cookie), address, now, reply);
  return {standing, Hex(reply)};
}

TEST(ServerCookies, Rfc9018AppendixA1_LearningANewServerCookie) {
  const Judged judged = Judge(kSecret, "2464c4abcf10c957", "198.51.100.100", 1559731985);
  EXPECT_EQ(judged.standing, Standing::kUnproven);
  EXPECT_EQ(judged.reply, "2464c4abcf10c957010000005cf79f111f8130c3eee29480");
}

TEST(ServerCookies, Rfc9018AppendixA2_TheSameClientLearnsARenewedCookie) {
  const Judged judged = Judge(kSecret, "2464c4abcf10c957010000005cf79f111f8130c3eee29480",
                              "198.51.100.100", 1559734385);
  EXPECT_EQ(judged.standing, Standing::kProven);
  EXPECT_EQ(judged.reply, "2464c4abcf10c957010000005cf7a871d4a564a1442aca77");
}

// The reserved octets of the cookie are not zero, and are hashed as they came (section 4.2).
TEST(ServerCookies, Rfc9018AppendixA3_AnotherClientLearnsARenewedCookie) {
  const std::string cookie = "fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5";
  const Judged old = Judge(kSecret, cookie, "203.0.113.203", 1559734700);
  EXPECT_EQ(old.reply, "fc93fc62807ddb86010000005cf7a9acf73a7810aca2381e");
  EXPECT_EQ(old.standing, Standing::kUnproven);  // older than an hour by then
  const Judged young = Judge(kSecret, cookie, "203.0.113.203", 1559727985 + 60);
  EXPECT_EQ(young.standing, Standing::kProven);
  EXPECT_EQ(young.reply, cookie);
}

TEST(ServerCookies, Rfc9018AppendixA4_Ipv6ClientAcrossARolloverOfSecrets) {
  const std::string cookie = "22681ab97d52c298010000005cf7c57926556bd0934c72f8";
  const char* client = "2001:db8:220:1:59de:d0f4:8769:82b8";
  const std::string both = std::string(kNewer) + "\n" + kOther + "\n";
  const Judged judged = Judge(both, cookie, client, 1559741961);
  EXPECT_EQ(judged.standing, Standing::kProven);
  EXPECT_EQ(judged.reply, "22681ab97d52c298010000005cf7c609a6bb79d16625507a");
  EXPECT_EQ(Judge(kNewer, cookie, client, 1559741961).standing, Standing::kUnproven);
}

TEST(ServerCookies, Rfc9018Section43_AYoungCookieStaysAnOldOneIsRenewedThenRefused) {
  constexpr std::uint32_t kMade = 1559731985;
  const std::string cookie = "2464c4abcf10c957010000005cf79f111f8130c3eee29480";
  const auto at = [&](std::uint32_t now) { return Judge(kSecret, cookie, "198.51.100.100", now); };
  EXPECT_EQ(at(kMade + 1799).reply, cookie);
  EXPECT_NE(at(kMade + 1800).reply, cookie);
  EXPECT_EQ(at(kMade + 3600).standing, Standing::kProven);
  EXPECT_EQ(at(kMade + 3601).standing, Standing::kUnproven);
  EXPECT_EQ(at(kMade - 300).standing, Standing::kProven);
  EXPECT_EQ(at(kMade - 301).standing, Standing::kUnproven);
}

TEST(ServerCookies, Rfc7873Section52_ACookieIsBoundToItsClient) {
  const std::string cookie = "2464c4abcf10c957010000005cf79f111f8130c3eee29480";
  constexpr std::uint32_t kMade = 1559731985;
  EXPECT_EQ(Judge(kSecret, cookie, "198.51.100.101", kMade).standing, Standing::kUnproven);
  std::string other = cookie;
  other[0] = '3';
  EXPECT_EQ(Judge(kSecret, other, "198.51.100.100", kMade).standing, Standing::kUnproven);
  other = cookie;
  other.back() = '1';
  EXPECT_EQ(Judge(kSecret, other, "198.51.100.100", kMade).standing, Standing::kUnproven);
}

TEST(ServerCookies, Rfc7873Section522_LengthsThatNoCookieHasAreMalformed) {
  for (const std::size_t size : {0u, 1u, 7u, 9u, 15u, 41u, 200u}) {
    const Judged judged = Judge(kSecret, std::string(2 * size, '0'), "192.0.2.1", 1);
    EXPECT_EQ(judged.standing, Standing::kMalformed) << size;
  }
  for (const std::size_t size : {8u, 16u, 23u, 24u, 25u, 40u}) {  // other servers' may be longer
    const Judged judged = Judge(kSecret, std::string(2 * size, '0'), "192.0.2.1", 1);
    EXPECT_EQ(judged.standing, Standing::kUnproven) << size;
  }
}

TEST(ServerCookies, NewSecretsAreTakenBetweenBatches) {
  const auto keyring = Keyring(kSecret);
  ServerCookies cookies(keyring);
  const auto client = net::IpAddress::FromText("198.51.100.100").value();
  const auto first = Octets("2464c4abcf10c957");
  ServerCookies::Cookie made{};
  cookies.Judge(first, client, 1000, made);
  keyring->Use(CookieSecrets::FromText(std::string(kNewer) + "\n" + kSecret).value());
  ServerCookies::Cookie again{};
  EXPECT_EQ(cookies.Judge(made, client, 1001, again), Standing::kProven);
  EXPECT_EQ(again, made);
  cookies.Refresh();
  EXPECT_EQ(cookies.Judge(made, client, 1001, again), Standing::kProven);
  EXPECT_NE(again, made);
}

TEST(CookieSecrets, AreReadLineByLine) {
  const auto read =
      CookieSecrets::FromText("# of this set\n\n  " + std::string(kSecret) + " # old\r\n" + kNewer);
  ASSERT_TRUE(read.ok()) << read.error();
  EXPECT_EQ(read->size(), 2u);
  EXPECT_EQ((*read)[0][0], 0xe5);
  EXPECT_EQ((*read)[1][15], 0x62);
}

TEST(CookieSecrets, FaultsAreNamedByLineAndWithoutTheSecret) {
  const auto error = [](const std::string& text) { return CookieSecrets::FromText(text).error(); };
  EXPECT_EQ(error(std::string("\n") + kSecret + "0"), "line 2: a secret is 32 hexadecimal digits");
  EXPECT_EQ(error("#"), "there is no secret in it: write 32 hexadecimal digits");
  std::string many;
  for (int i = 0; i < 9; ++i) many += std::string(kSecret) + "\n";
  EXPECT_EQ(error(many), "line 9: more than 8 secrets");
}

}  // namespace
}  // namespace sealwire::proxy
