#include "proxy/answer_cache.h"

#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <string>

#include "tests/proxy/query_packet.h"

namespace sealwire::proxy {
namespace {

using testing::Ask;
using testing::Packet;

// A message that begins like the query, with `size` octets in all.
struct Sample {
  Packet message;
  AnswerCache::Key key;
};

Sample MakeSample(const std::string& name, std::size_t size, std::uint64_t hash,
                  dns::RRType type = dns::RRType::kA) {
  Sample sample{Ask(name, type).Bytes(), {}};
  const std::size_t question = sample.message.size() - 12;
  sample.message.resize(std::max(size, sample.message.size()), static_cast<std::uint8_t>(hash));
  sample.key.hash = hash;
  sample.key.question = dns::Bytes(sample.message).subspan(12, question);
  return sample;
}

constexpr AnswerCache::Traits kForever{1, 1, 1000, UINT64_MAX, false, false, false, false};

bool Holds(AnswerCache& cache, const Sample& sample) {
  const AnswerCache::Entry* entry = cache.Find(sample.key, 2000);
  return entry != nullptr && dns::Equal(cache.message(*entry), sample.message);
}

TEST(AnswerCache, GivesBackWhatWasPutIn) {
  AnswerCache cache(1 << 20);
  const Sample a = MakeSample("a.example.", 165, 0x1111111122222222);
  const Sample b = MakeSample("b.example.", 366, 0x3333333344444444);
  cache.Insert(a.key, a.message, kForever);
  cache.Insert(b.key, b.message, kForever);
  EXPECT_TRUE(Holds(cache, a));
  EXPECT_TRUE(Holds(cache, b));
}

TEST(AnswerCache, EqualHashesOfDifferentQuestionsAreNoHit) {
  AnswerCache cache(1 << 20);
  const Sample a = MakeSample("a.example.", 165, 42);
  cache.Insert(a.key, a.message, kForever);
  EXPECT_EQ(cache.Find(MakeSample("b.example.", 165, 42).key, 2000), nullptr);
  AnswerCache::Key other_flags = a.key;
  other_flags.flags = 2;
  EXPECT_EQ(cache.Find(other_flags, 2000), nullptr);
}

TEST(AnswerCache, LetterCaseOfTheNameDoesNotMatterThatOfTheTypeDoes) {
  AnswerCache cache(1 << 20);
  // Types 65 and 97 differ like 'A' and 'a'.
  const Sample https = MakeSample("www.example.", 165, 42, dns::RRType::kHTTPS);
  cache.Insert(https.key, https.message, kForever);
  EXPECT_NE(cache.Find(MakeSample("WWW.Example.", 165, 42, dns::RRType::kHTTPS).key, 2000),
            nullptr);
  EXPECT_EQ(cache.Find(MakeSample("www.example.", 165, 42, dns::RRType{97}).key, 2000), nullptr);
}

TEST(AnswerCache, EntriesHoldFromTheirFirstMomentToTheirLast) {
  AnswerCache cache(1 << 20);
  const Sample a = MakeSample("a.example.", 165, 42);
  AnswerCache::Traits traits = kForever;
  traits.until_ms = 1500;
  cache.Insert(a.key, a.message, traits);
  EXPECT_NE(cache.Find(a.key, 1000), nullptr);
  EXPECT_NE(cache.Find(a.key, 1499), nullptr);
  EXPECT_EQ(cache.Find(a.key, 1500), nullptr);
  EXPECT_EQ(cache.Find(a.key, 999), nullptr);  // the clock went back
}

TEST(AnswerCache, ANewAnswerReplacesTheOldOne) {
  AnswerCache cache(1 << 20);
  const Sample old_answer = MakeSample("a.example.", 165, 42);
  Sample new_answer = MakeSample("a.example.", 300, 42);
  cache.Insert(old_answer.key, old_answer.message, kForever);
  cache.Insert(new_answer.key, new_answer.message, kForever);
  EXPECT_TRUE(Holds(cache, new_answer));
}

TEST(AnswerCache, AHashIsWantedOnSecondSight) {
  AnswerCache cache(1 << 20);
  EXPECT_FALSE(cache.Wanted(0x1234567800000001));
  EXPECT_TRUE(cache.Wanted(0x1234567800000001));
  EXPECT_TRUE(cache.Wanted(0x1234567800000001));
}

TEST(AnswerCache, WhatIsAskedForAgainOutlivesAFlood) {
  AnswerCache cache(256 << 10);
  std::mt19937_64 random(1);
  const Sample hot = MakeSample("hot.example.", 200, random());
  cache.Insert(hot.key, hot.message, kForever);
  for (int i = 0; i < 20000; ++i) {
    const Sample cold = MakeSample("c" + std::to_string(i) + ".example.", 366, random());
    cache.Insert(cold.key, cold.message, kForever);
    if (i % 100 == 0) {
      ASSERT_TRUE(Holds(cache, hot)) << i;
    }
  }
}

TEST(AnswerCache, NeverGivesAWrongMessageHoweverFull) {
  AnswerCache cache(64 << 10);
  std::mt19937_64 random(2);
  std::deque<Sample> samples;
  std::size_t found = 0;
  for (int i = 0; i < 20000; ++i) {
    samples.push_back(
        MakeSample("n" + std::to_string(i) + ".example.", 40 + random() % 1500, random()));
    cache.Insert(samples.back().key, samples.back().message, kForever);
    if (samples.size() > 100) samples.pop_front();
    const Sample& asked = samples[random() % samples.size()];
    if (const AnswerCache::Entry* entry = cache.Find(asked.key, 2000)) {
      ASSERT_TRUE(dns::Equal(cache.message(*entry), asked.message));
      ++found;
    }
  }
  EXPECT_GT(found, 5000u);
}

}  // namespace
}  // namespace sealwire::proxy
