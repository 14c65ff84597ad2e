#include "signer/tsig.h"

#include <gtest/gtest.h>
#include <openssl/hmac.h>

#include <string>
#include <vector>

#include "tests/signer/text_vectors.h"

namespace sealwire::signer {
namespace {

using Octets = std::vector<std::uint8_t>;

constexpr std::uint64_t kThen = 1700000000;

// Signed by dnspython with the octets 1 to 32 as secret, at kThen: a query and its reply.
struct Exchange {
  const char* algorithm;
  const char* query;
  const char* reply;
};
constexpr Exchange kByDnspython[] = {
    {"hmac-sha1",
     "123400000001000000000001074578616d706c6503636f6d000006000103586672074578616d706c6500"
     "00fa00ff00000000002f09686d61632d736861310000006553f100012c00144b34c3fcfbbdc328102d8c"
     "b4533cc76fafb4f621123400000000",
     "123480000001000000000001074578616d706c6503636f6d000006000103586672074578616d706c6500"
     "00fa00ff00000000002f09686d61632d736861310000006553f100012c001404d68c9a1602870a277864"
     "2bcf9da914b2f555ba123400000000"},
    {"hmac-sha256",
     "123400000001000000000001074578616d706c6503636f6d000006000103586672074578616d706c6500"
     "00fa00ff00000000003d0b686d61632d7368613235360000006553f100012c00200a156a4ecde853d149"
     "112b3aadd35d71a7203ffa413acf8a9baa7eef7fc87947123400000000",
     "123480000001000000000001074578616d706c6503636f6d000006000103586672074578616d706c6500"
     "00fa00ff00000000003d0b686d61632d7368613235360000006553f100012c0020f4c9a5da7f5f334f6c"
     "20c6fcbde93734a4174d23b8900c3817f39b5afe6ee94a123400000000"},
    {"hmac-sha384",
     "123400000001000000000001074578616d706c6503636f6d000006000103586672074578616d706c6500"
     "00fa00ff00000000004d0b686d61632d7368613338340000006553f100012c003042eb91b6a91d7c0afd"
     "59253df0f9137016d644582224f8504676bb48555b9219916e625e08b2c2bc3e90b68af2685869123400"
     "000000",
     "123480000001000000000001074578616d706c6503636f6d000006000103586672074578616d706c6500"
     "00fa00ff00000000004d0b686d61632d7368613338340000006553f100012c0030ce48738d378749b051"
     "5296daec6a26bd728e4fab84fcc83444523e6c985b0cdebfa7ee9592e46a656009f2d7486d6421123400"
     "000000"},
    {"hmac-sha512",
     "123400000001000000000001074578616d706c6503636f6d000006000103586672074578616d706c6500"
     "00fa00ff00000000005d0b686d61632d7368613531320000006553f100012c004038b35fed1fed4ad147"
     "2530aba20b63a2039026504f96b3602401e8258cbef08efbb33541028deffc732b6d9f1fbd3a0aa018c5"
     "9e285022b8a5acb80dd88d86df123400000000",
     "123480000001000000000001074578616d706c6503636f6d000006000103586672074578616d706c6500"
     "00fa00ff00000000005d0b686d61632d7368613531320000006553f100012c0040035085e937265840c7"
     "17ddcc6ca207dc3390d97db6956cfd1235313a0e0e5e3558dceb88d66dc52cf2b52210f3b3153bd218b3"
     "b2afa6972ccb205f21f76dd40b123400000000"},
};

std::shared_ptr<const TsigKey> KeyOf(std::string_view algorithm) {
  auto key =
      TsigKey::FromBase64("xfr.example", algorithm, "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=");
  EXPECT_TRUE(key.ok());
  return *key;
}

// Header and question of `example.com SOA`.
Octets Message(bool reply, std::uint16_t id = 0x1234) {
  Octets message = FromHex("123400000001000000000000074578616d706c6503636f6d0000060001");
  message[0] = static_cast<std::uint8_t>(id >> 8);
  message[1] = static_cast<std::uint8_t>(id);
  if (reply) message[2] = 0x80;
  return message;
}

Octets Signed(TsigExchange& by, Octets message, std::uint64_t now) {
  const std::size_t size = message.size();
  message.resize(1024);
  message.resize(by.Sign(message, size, now));
  return message;
}

TsigVerdict VerifiedBy(TsigExchange& server, const Octets& query, const TsigKey* key,
                       std::uint64_t now) {
  TsigRecord record;
  const TsigVerdict found = TsigRecord::Find(query, record);
  return found == TsigVerdict::kGood ? server.VerifyQuery(query, record, key, now) : found;
}

// A query from an asker with `key`, signed at kThen.
struct Asked {
  explicit Asked(const TsigKey& key) : asker(key), query(Signed(asker, Message(false), kThen)) {}
  TsigExchange asker;
  Octets query;
};

TEST(Hmac, AgreesWithOpenssl) {
  for (const auto& [hash, md] :
       {std::pair{HmacHash::kSha1, EVP_sha1()}, std::pair{HmacHash::kSha256, EVP_sha256()},
        std::pair{HmacHash::kSha384, EVP_sha384()}, std::pair{HmacHash::kSha512, EVP_sha512()}}) {
    for (const std::size_t size : {1u, 16u, 64u, 65u, 128u, 129u, 300u}) {
      const Octets secret(size, 0x5a), data(size * 2, 0xa5);
      const HmacKey key(hash, secret);
      Hmac hmac(key);
      hmac.Update(dns::Bytes(data).first(1));
      hmac.Update(dns::Bytes(data).subspan(1));
      std::array<std::uint8_t, kMaxMacSize> out;
      const dns::Bytes mac = hmac.Finish(out);
      std::array<std::uint8_t, EVP_MAX_MD_SIZE> expected;
      unsigned expected_size = 0;
      HMAC(md, secret.data(), static_cast<int>(size), data.data(), data.size(), expected.data(),
           &expected_size);
      EXPECT_TRUE(dns::Equal(mac, dns::Bytes(expected).first(expected_size)));
    }
  }
}

TEST(Tsig, AgreesWithAnotherImplementationInAllAlgorithms) {
  for (const Exchange& each : kByDnspython) {
    const auto key = KeyOf(each.algorithm);
    const Octets query = FromHex(each.query), reply = FromHex(each.reply);
    // As the answerer.
    TsigExchange server;
    ASSERT_EQ(VerifiedBy(server, query, key.get(), kThen), TsigVerdict::kGood) << each.algorithm;
    // Its record spells the key's name as the asker did; all else is ours, octet for octet.
    Octets ours = Signed(server, Message(true), kThen);
    ours[30] = 'X';
    ours[34] = 'E';
    EXPECT_EQ(ours, reply);
    // As the asker.
    TsigExchange asker(*key);
    Octets asked = Signed(asker, Message(false), kThen);
    asked[30] = 'X';
    asked[34] = 'E';
    EXPECT_EQ(asked, query);
    std::size_t size = 0;
    EXPECT_EQ(asker.VerifyReply(reply, kThen, size), TsigVerdict::kGood);
    EXPECT_EQ(size, Message(true).size());
  }
}

TEST(Tsig, Rfc8945Section5_2_2_AChangedOctetIsBadSig) {
  const auto key = KeyOf("hmac-sha256");
  const Asked asked(*key);
  TsigRecord whole;
  ASSERT_EQ(TsigRecord::Find(asked.query, whole), TsigVerdict::kGood);
  for (std::size_t at = 0; at < asked.query.size(); ++at) {
    Octets changed = asked.query;
    changed[at] ^= 0x20;
    TsigExchange server;
    const TsigVerdict verdict = VerifiedBy(server, changed, key.get(), kThen);
    // The id on the wire may be another: the original one is in the record (section 5.5). Letter
    // case of the key's name does not count.
    if (at < 2 || (at >= whole.offset && verdict == TsigVerdict::kGood)) {
      EXPECT_EQ(verdict, TsigVerdict::kGood);
      continue;
    }
    EXPECT_NE(verdict, TsigVerdict::kGood) << at;
  }
}

TEST(Tsig, Rfc8945Section5_2_1_AnUnknownKeyIsBadKeyAndToldUnsigned) {
  const auto key = KeyOf("hmac-sha256");
  Asked asked(*key);
  TsigExchange server;
  EXPECT_EQ(VerifiedBy(server, asked.query, nullptr, kThen), TsigVerdict::kBadKey);
  Octets reply = Message(true);
  const std::size_t size = reply.size();
  reply.resize(size + server.reply_size());
  EXPECT_EQ(server.SignError(reply, size, kThen), reply.size());
  TsigRecord record;
  ASSERT_EQ(TsigRecord::Find(reply, record), TsigVerdict::kGood);
  EXPECT_EQ(record.error, 17);
  EXPECT_TRUE(record.mac.empty());
  std::size_t without = 0;
  EXPECT_EQ(asked.asker.VerifyReply(reply, kThen, without), TsigVerdict::kBadKey);
}

TEST(Tsig, Rfc8945Section5_2_3_ATimeBeyondTheFudgeIsBadTimeAndToldSigned) {
  const auto key = KeyOf("hmac-sha256");
  Asked asked(*key);
  TsigExchange in_time;
  EXPECT_EQ(VerifiedBy(in_time, asked.query, key.get(), kThen + 300), TsigVerdict::kGood);
  TsigExchange server;
  EXPECT_EQ(VerifiedBy(server, asked.query, key.get(), kThen + 301), TsigVerdict::kBadTime);
  Octets reply = Message(true);
  const std::size_t size = reply.size();
  reply.resize(size + server.reply_size());
  ASSERT_EQ(server.SignError(reply, size, kThen + 301), reply.size());
  TsigRecord record;
  ASSERT_EQ(TsigRecord::Find(reply, record), TsigVerdict::kGood);
  EXPECT_EQ(record.error, 18);
  EXPECT_EQ(record.time, kThen);  // the asker's
  EXPECT_EQ(record.other.size(), 6u);
  std::size_t without = 0;
  EXPECT_EQ(asked.asker.VerifyReply(reply, kThen, without), TsigVerdict::kBadTime);
}

TEST(Tsig, Rfc8945Section5_2_4_ACutCodeIsBadTrunc) {
  const auto key = KeyOf("hmac-sha256");
  const Asked asked(*key);
  TsigRecord record;
  ASSERT_EQ(TsigRecord::Find(asked.query, record), TsigVerdict::kGood);
  for (const std::size_t kept : {31u, 16u, 15u, 1u}) {
    Octets cut(asked.query.begin(), asked.query.end());
    const std::size_t mac_at = asked.query.size() - 6 - 32;
    cut.erase(cut.begin() + static_cast<long>(mac_at + kept),
              cut.begin() + static_cast<long>(mac_at + 32));
    cut[mac_at - 1] = static_cast<std::uint8_t>(kept);
    const std::size_t rdlength = record.offset + key->name().size() + 8;
    cut[rdlength + 1] = static_cast<std::uint8_t>(cut[rdlength + 1] - (32 - kept));
    TsigExchange server;
    EXPECT_EQ(VerifiedBy(server, cut, key.get(), kThen),
              kept >= 16 ? TsigVerdict::kBadTrunc : TsigVerdict::kMalformed)
        << kept;
  }
}

TEST(Tsig, Rfc8945Section5_3_1_AStreamIsSignedWithGaps) {
  const auto key = KeyOf("hmac-sha256");
  Asked asked(*key);
  TsigExchange server;
  ASSERT_EQ(VerifiedBy(server, asked.query, key.get(), kThen), TsigVerdict::kGood);
  std::size_t size = 0;
  EXPECT_EQ(asked.asker.VerifyReply(Signed(server, Message(true), kThen), kThen, size),
            TsigVerdict::kGood);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(asked.asker.VerifyReply(Signed(server, Message(true), kThen + 1), kThen + 1, size),
              TsigVerdict::kGood);
  }
  EXPECT_TRUE(asked.asker.EndsSigned());
  EXPECT_EQ(asked.asker.VerifyReply(Message(true), kThen, size), TsigVerdict::kUnsigned);
  EXPECT_FALSE(asked.asker.EndsSigned());
  // One that was left out is missed by the next code.
  EXPECT_EQ(asked.asker.VerifyReply(Signed(server, Message(true), kThen), kThen, size),
            TsigVerdict::kBadSig);
}

TEST(Tsig, Rfc8945Section5_3_1_AHundredUnsignedMessagesAreTooMany) {
  const auto key = KeyOf("hmac-sha256");
  Asked asked(*key);
  TsigExchange server;
  ASSERT_EQ(VerifiedBy(server, asked.query, key.get(), kThen), TsigVerdict::kGood);
  std::size_t size = 0;
  ASSERT_EQ(asked.asker.VerifyReply(Signed(server, Message(true), kThen), kThen, size),
            TsigVerdict::kGood);
  for (int i = 0; i < 99; ++i) {
    ASSERT_EQ(asked.asker.VerifyReply(Message(true), kThen, size), TsigVerdict::kUnsigned);
  }
  EXPECT_EQ(asked.asker.VerifyReply(Message(true), kThen, size), TsigVerdict::kBadSig);
}

TEST(Tsig, TheKeysNameMayBeCompressed) {
  const auto key = KeyOf("hmac-sha256");
  // "xfr.example": here the question is of a name that ends in "example".
  Octets message = FromHex("123400000001000000000000077a6f6e65733132076578616d706c650000060001");
  TsigExchange asker(*key);
  Octets query = Signed(asker, message, kThen);
  const auto name = query.begin() + static_cast<long>(message.size()) + 4;  // "example", root
  query.erase(name, name + 9);
  query.insert(name, {0xc0, 0x14});
  TsigExchange server;
  EXPECT_EQ(VerifiedBy(server, query, key.get(), kThen), TsigVerdict::kGood);
}

TEST(Tsig, ARecordThatIsNotTheLastIsMalformed) {
  const auto key = KeyOf("hmac-sha256");
  Asked asked(*key);
  Octets behind = asked.query;
  behind[11] = 2;
  for (const std::uint8_t octet : FromHex("0000290200000000000000")) behind.push_back(octet);
  TsigRecord record;
  EXPECT_EQ(TsigRecord::Find(behind, record), TsigVerdict::kMalformed);
  EXPECT_EQ(TsigRecord::Find(Message(false), record), TsigVerdict::kUnsigned);
  for (std::size_t size = 0; size < asked.query.size(); ++size) {
    EXPECT_EQ(TsigRecord::Find(dns::Bytes(asked.query).first(size), record),
              TsigVerdict::kMalformed);
  }
}

TEST(TsigKey, RefusesWhatIsNoSecret) {
  EXPECT_FALSE(TsigKey::FromBase64("a", "hmac-sha256", "").ok());
  EXPECT_FALSE(TsigKey::FromBase64("a", "hmac-sha256", "AAAA").ok());
  EXPECT_FALSE(TsigKey::FromBase64("a", "hmac-sha256", "!!!!!!!!!!!!!!!!!!!!!!!!!!!!").ok());
  EXPECT_FALSE(TsigKey::FromBase64("a", "hmac-md5", "AQIDBAUGBwgJCgsMDQ4PEA==").ok());
  EXPECT_TRUE(TsigKey::FromBase64("a", "hmac-sha1", "AQIDBAUGBwgJCgsMDQ4PEA==").ok());
}

}  // namespace
}  // namespace sealwire::signer
