#include "net/http_head.h"

#include <gtest/gtest.h>

namespace sealwire::net {
namespace {

int StatusOf(const std::string& text) {
  const auto parsed = ParseHead(text);
  const auto* refusal = std::get_if<HttpRefusal>(&parsed);
  return refusal == nullptr ? 0 : refusal->status;
}

int StatusOfFields(const std::string& fields) {
  return StatusOf("PUT /x HTTP/1.1\r\n" + fields + "\r\n");
}

HttpHead Parsed(const std::string& text) {
  auto parsed = ParseHead(text);
  EXPECT_TRUE(std::holds_alternative<HttpHead>(parsed)) << text;
  return std::holds_alternative<HttpHead>(parsed) ? std::get<HttpHead>(parsed) : HttpHead();
}

TEST(HttpHead, HasMethodPathQueryAndFields) {
  const HttpHead head = Parsed(
      "PATCH /v1/zones/a%2Fb?q=1&r HTTP/1.1\r\nHost: x\r\nX-Empty:\r\nX-Spaced: \t a b \t\r\n"
      "Content-Length: 12\r\n\r\n");
  EXPECT_EQ(head.method, "PATCH");
  EXPECT_EQ(head.path, "/v1/zones/a%2Fb");
  EXPECT_EQ(head.query, "q=1&r");
  ASSERT_EQ(head.headers.size(), 4u);
  EXPECT_EQ(head.headers[1].second, "");
  EXPECT_EQ(head.headers[2].second, "a b");
  EXPECT_EQ(head.length, 12u);
  EXPECT_FALSE(head.chunked);
  EXPECT_FALSE(head.last);
}

TEST(HttpHead, Rfc9112Section3_2_EveryFormOfTarget) {
  EXPECT_EQ(Parsed("GET http://h.example:80/a?b HTTP/1.1\r\nHost: x\r\n\r\n").path, "/a");
  EXPECT_EQ(Parsed("GET https://h.example HTTP/1.1\r\nHost: x\r\n\r\n").path, "/");
  EXPECT_EQ(Parsed("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n").path, "*");
  for (const char* target : {"*", "a", "//\x01", "/a b", "/\xc3\xa9", "/#f", "", "ftp://x/"}) {
    EXPECT_EQ(StatusOf(std::string("GET ") + target + " HTTP/1.1\r\nHost: x\r\n\r\n"), 400)
        << target;
  }
}

TEST(HttpHead, Rfc9112Section3_2_HostIsThereOnce) {
  EXPECT_EQ(StatusOfFields(""), 400);
  EXPECT_EQ(StatusOfFields("Host: a\r\nhost: b\r\n"), 400);
  EXPECT_EQ(StatusOf("GET / HTTP/1.0\r\n\r\n"), 0);
}

TEST(HttpHead, Rfc9112Section5_1_NoSpaceBeforeTheColonAndNoFoldedLine) {
  EXPECT_EQ(StatusOfFields("Host: x\r\nContent-Length : 4\r\n"), 400);
  EXPECT_EQ(StatusOfFields("Host: x\r\nX: a\r\n b\r\n"), 400);
  EXPECT_EQ(StatusOfFields("Host: x\r\n: a\r\n"), 400);
  EXPECT_EQ(StatusOfFields("Host: x\r\nno colon\r\n"), 400);
  EXPECT_EQ(StatusOfFields("Host: x\r\nX: a\rb\r\n"), 400);
  EXPECT_EQ(StatusOfFields("Host: x\r\nX: \xc3\xa9\r\n"), 0) << "obs-text is let through";
}

TEST(HttpHead, Rfc9112Section6_3_TheLengthIsSaidOnceAndPlainly) {
  for (const char* lengths :
       {"Content-Length: 4\r\nContent-Length: 4", "Content-Length: 4, 4", "Content-Length: +4",
        "Content-Length: -4", "Content-Length: ", "Content-Length: 0x4", "Content-Length: 4 4",
        "Content-Length: 99999999999999999999", "Content-Length: 4\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "Transfer-Encoding: identity",
        "Transfer-Encoding: gzip, chunked", "Transfer-Encoding: xchunked"}) {
    EXPECT_EQ(StatusOfFields("Host: x\r\n" + std::string(lengths) + "\r\n"), 400) << lengths;
  }
  EXPECT_EQ(StatusOf("PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
  EXPECT_TRUE(Parsed("PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n").chunked);
}

TEST(HttpHead, MethodsAndVersionsThatNobodyHas) {
  EXPECT_EQ(StatusOf("BREW / HTTP/1.1\r\nHost: x\r\n\r\n"), 501);
  EXPECT_EQ(StatusOf("get / HTTP/1.1\r\nHost: x\r\n\r\n"), 501) << "methods have their case";
  EXPECT_EQ(StatusOf("G(T / HTTP/1.1\r\nHost: x\r\n\r\n"), 400);
  EXPECT_EQ(StatusOf("GET / HTTP/2.0\r\nHost: x\r\n\r\n"), 505);
  EXPECT_EQ(StatusOf("GET / http/1.1\r\nHost: x\r\n\r\n"), 400);
  EXPECT_EQ(StatusOf("GET /\r\nHost: x\r\n\r\n"), 400);
}

TEST(HttpHead, WhatTheConnectionIsToDo) {
  EXPECT_TRUE(Parsed("GET / HTTP/1.1\r\nHost: x\r\nConnection: a, Close\r\n\r\n").last);
  EXPECT_TRUE(Parsed("GET / HTTP/1.0\r\n\r\n").last);
  EXPECT_TRUE(Parsed("PUT / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n").expects_continue);
  EXPECT_EQ(StatusOfFields("Host: x\r\nExpect: tea\r\n"), 417);
}

TEST(HttpHead, FieldsAreCounted) {
  std::string fields = "Host: x\r\n";
  for (int i = 0; i < 99; ++i) fields += "X: y\r\n";
  EXPECT_EQ(StatusOfFields(fields), 0);
  EXPECT_EQ(StatusOfFields(fields + "X: y\r\n"), 431);
}

TEST(HttpHead, TheEndIsFoundOctetByOctet) {
  const std::string text = "\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\nrest";
  std::size_t seen = 0;
  for (std::size_t size = 0; size < text.size() - 4; ++size) {
    const auto end = FindEndOfHead(std::string_view(text).substr(0, size), seen);
    ASSERT_TRUE(std::holds_alternative<std::size_t>(end)) << size;
    EXPECT_EQ(std::get<std::size_t>(end), 0u) << size;
  }
  EXPECT_EQ(std::get<std::size_t>(FindEndOfHead(text, seen)), text.size() - 4);
}

TEST(HttpHead, WhatIsNoHttpIsKnownAtItsFirstOctet) {
  for (const std::string& text : {std::string("\x16\x03\x01"), std::string(1, '\0'),
                                  std::string("\n"), std::string("GET / HTTP/1.1\n")}) {
    std::size_t seen = 0;
    EXPECT_TRUE(std::holds_alternative<HttpRefusal>(FindEndOfHead(text, seen)));
  }
}

}  // namespace
}  // namespace sealwire::net
