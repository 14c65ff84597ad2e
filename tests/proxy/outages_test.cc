// The part of an outage of others' that an answer must prevent; the rest are in
// tests/control/outages_test.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/proxy/pipeline_fixture.h"

namespace sealwire::proxy::testing {
namespace {

using dns::RRType;
using ::testing::HasSubstr;
using ::testing::Not;

// Slack, 2021: the NSEC of a name below a wildcard left out the wildcard's types, and resolvers
// that use NSEC aggressively (RFC 8198) took its addresses for denied.
TEST_F(PipelineFixture, Slack2021_NodataBelowAWildcardClaimsEveryTypeOfTheWildcard) {
  Serve(LocalZoneOf("example.",
                    "$TTL 300\n@ SOA ns h 7 3600 600 604800 120\n@ NS ns\nns A 192.0.2.53\n"
                    "*.files A 192.0.2.1\n*.files TXT \"any\"\n"));
  const Reply reply = Get(Ask("x.files.example.", RRType::kAAAA).Dnssec());
  ASSERT_EQ(reply.Authority().size(), 2u);
  const std::string nsec = reply.Authority().back();
  EXPECT_THAT(nsec, HasSubstr("x.files.example."));
  EXPECT_THAT(nsec, HasSubstr(" A TXT "));
  EXPECT_THAT(nsec, Not(HasSubstr("AAAA")));
  EXPECT_TRUE(Believed(reply));
  EXPECT_EQ(Get(Ask("x.files.example.", RRType::kA).Dnssec()).Answer().size(), 1u);
}

// The same behind a backend, whose types nobody knows: all that could be there are claimed.
TEST_F(PipelineFixture, Slack2021_NodataOfABackendDeniesTheOneTypeAlone) {
  Serve(ForwardZoneOf("example."));
  Backend(
      "x.files.example.", RRType::kAAAA,
      BackendSays().Authority("example. 300 IN SOA ns.example. h.example. 7 3600 600 604800 120"));
  const Reply reply = Get(Ask("x.files.example.", RRType::kAAAA).Dnssec());
  ASSERT_EQ(reply.Authority().size(), 2u);
  const std::string nsec = reply.Authority().back();
  EXPECT_THAT(nsec, HasSubstr(" A "));
  EXPECT_THAT(nsec, HasSubstr(" TXT "));
  EXPECT_THAT(nsec, Not(HasSubstr("AAAA")));
  EXPECT_TRUE(Believed(reply));
}

}  // namespace
}  // namespace sealwire::proxy::testing
