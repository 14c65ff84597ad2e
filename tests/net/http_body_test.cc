#include "net/http_body.h"

#include <gtest/gtest.h>

namespace sealwire::net {
namespace {

using Outcome = HttpBody::Outcome;

// The outcome for chunks that come `step` octets at a time; the body, and what was left.
struct Read {
  Outcome outcome = Outcome::kMore;
  std::string body;
  std::string rest;
};
Read ReadChunks(const std::string& text, std::size_t step, std::size_t limit = 100) {
  HttpBody body = HttpBody::InChunks(limit);
  Read read;
  std::size_t at = 0;
  while (at < text.size() && read.outcome == Outcome::kMore) {
    std::string_view part = std::string_view(text).substr(at, step);
    const std::size_t had = part.size();
    read.outcome = body.Take(part);
    at += had - part.size();
    read.rest = text.substr(at);
  }
  read.body = body.Release();
  return read;
}

TEST(HttpBody, ALengthIsTakenAndNoMore) {
  HttpBody body = HttpBody::OfLength(5, 10);
  std::string_view text = "abc";
  EXPECT_EQ(body.Take(text), Outcome::kMore);
  EXPECT_TRUE(text.empty());
  text = "deGET";
  EXPECT_EQ(body.Take(text), Outcome::kWhole);
  EXPECT_EQ(text, "GET");
  EXPECT_EQ(body.Release(), "abcde");
}

TEST(HttpBody, TheLimitIsKnownBeforeTheBody) {
  std::string_view nothing;
  EXPECT_EQ(HttpBody::OfLength(11, 10).Take(nothing), Outcome::kTooLarge);
  EXPECT_EQ(HttpBody::OfLength(~std::uint64_t{0}, 10).Take(nothing), Outcome::kTooLarge);
  EXPECT_EQ(HttpBody::OfLength(0, 10).Take(nothing), Outcome::kWhole);
}

TEST(HttpBody, Rfc9112Section7_1_ChunksWithExtensionsAndTrailer) {
  const std::string text = "4\r\nWiki\r\nA;x=\"y\"\r\n0123456789\r\n000\r\nTrailer: z\r\n\r\nGET";
  for (std::size_t step = 1; step <= text.size(); ++step) {
    const Read read = ReadChunks(text, step);
    EXPECT_EQ(read.outcome, Outcome::kWhole) << step;
    EXPECT_EQ(read.body, "Wiki0123456789") << step;
    EXPECT_EQ(read.rest, "GET") << step;
  }
}

TEST(HttpBody, ChunksThatAreNone) {
  for (const char* text : {"zzz\r\n", "\r\n", "-1\r\n", "0x4\r\nWiki\r\n", "4\nWiki\r\n",
                           "4\r\nWikix\r\n", "4\r\nWiki\n", "fffffffffffffffff\r\n", "4\rx\n"}) {
    EXPECT_EQ(ReadChunks(text, 100).outcome, Outcome::kMalformed) << text;
    EXPECT_EQ(ReadChunks(text, 1).outcome, Outcome::kMalformed) << text;
  }
}

TEST(HttpBody, ChunksAreBounded) {
  EXPECT_EQ(ReadChunks("65\r\n", 100).outcome, Outcome::kTooLarge);
  EXPECT_EQ(ReadChunks("ffffffffffffffff\r\n", 100).outcome, Outcome::kTooLarge);
  EXPECT_EQ(ReadChunks("3\r\nabc\r\n3\r\n", 100, 5).outcome, Outcome::kTooLarge);
  EXPECT_EQ(ReadChunks("1;" + std::string(2000, 'x'), 100).outcome, Outcome::kTooLarge);
  std::string trailers = "0\r\n";
  for (int i = 0; i < 33; ++i) trailers += "A: b\r\n";
  EXPECT_EQ(ReadChunks(trailers, 7).outcome, Outcome::kTooLarge);
}

}  // namespace
}  // namespace sealwire::net
