#include "proxy/server_identity.h"

#include <gtest/gtest.h>

#include "tests/proxy/query_packet.h"

namespace sealwire::proxy {
namespace {

using dns::RRType;
using testing::N;

TEST(ServerIdentity, Rfc4892Section3_NamesOfTheServerInClassChaos) {
  const ServerIdentity identity{{}, "Sealwire 1", "edge7", std::nullopt};
  EXPECT_EQ(identity.ChaosText(N("version.bind."), RRType::kTXT), "Sealwire 1");
  EXPECT_EQ(identity.ChaosText(N("VERSION.server."), RRType::kTXT), "Sealwire 1");
  EXPECT_EQ(identity.ChaosText(N("hostname.BIND."), RRType::kTXT), "edge7");
  EXPECT_EQ(identity.ChaosText(N("id.server."), RRType::kANY), "edge7");
  for (const char* name : {"id.bind.", "bind.", "a.version.bind.", "authors.bind.", "."}) {
    EXPECT_EQ(identity.ChaosText(N(name), RRType::kTXT), "") << name;
  }
  EXPECT_EQ(identity.ChaosText(N("id.server."), RRType::kA), "");
  EXPECT_EQ(ServerIdentity().ChaosText(N("version.bind."), RRType::kTXT), "");
}

TEST(ServerIdentity, Rfc9567Section611_WhatAnErrorReportIsCalled) {
  const dns::Name agent = N("a01.agent-domain.example.");
  EXPECT_TRUE(IsErrorReport(N("_er.1.broken.test.7._er.a01.agent-domain.example."), agent));
  EXPECT_TRUE(IsErrorReport(N("_eR.1.7._ER.a01.Agent-domain.example."), agent));
  EXPECT_FALSE(IsErrorReport(N("_er.a01.agent-domain.example."), agent));
  EXPECT_FALSE(IsErrorReport(N("1.broken.test.7._er.a01.agent-domain.example."), agent));
  EXPECT_FALSE(IsErrorReport(N("_er.1.broken.test.7.a01.agent-domain.example."), agent));
  EXPECT_FALSE(IsErrorReport(N("_er.1.broken.test.7._er.other.example."), agent));
}

}  // namespace
}  // namespace sealwire::proxy
