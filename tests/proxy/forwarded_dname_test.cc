// DNAME as backends give it: with the CNAME made from it, for names that become too long.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/proxy/pipeline_fixture.h"

namespace sealwire::proxy::testing {
namespace {

using dns::Rcode;
using dns::RRType;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kDname[] = "old.cdn.example. 60 IN DNAME new.cdn.example.";
constexpr char kMadeOfIt[] = "www.old.cdn.example. 60 IN CNAME www.new.cdn.example.";

class ForwardedDname : public PipelineFixture {
 protected:
  ForwardedDname() { Serve(ForwardZoneOf("cdn.example.")); }
};

TEST_F(ForwardedDname, Rfc6672Section5_3_1_ACnameAskedForAndMadeFromItIsNotSigned) {
  Backend("www.old.cdn.example.", RRType::kCNAME, BackendSays().Answer(kDname).Answer(kMadeOfIt));
  const Reply reply = Get(Ask("www.old.cdn.example.", RRType::kCNAME).Dnssec());
  EXPECT_THAT(reply.Answer(), ElementsAre(kDname, kMadeOfIt));
  EXPECT_EQ(reply.Rrsigs(), 1u);
}

TEST_F(ForwardedDname, ACnameThatItDoesNotMakeIsSigned) {
  const char other[] = "www.old.cdn.example. 60 IN CNAME www.elsewhere.org.";
  Backend("www.old.cdn.example.", RRType::kCNAME, BackendSays().Answer(kDname).Answer(other));
  const Reply reply = Get(Ask("www.old.cdn.example.", RRType::kCNAME).Dnssec());
  EXPECT_THAT(reply.Answer(), ElementsAre(other));
  EXPECT_TRUE(Believed(reply));
}

// Servers disagree about the RCODE; the DNAME itself tells.
TEST_F(ForwardedDname, Rfc6672Section2_2_ANameThatBecomesTooLongIsYxdomain) {
  const std::string full(63, 't');
  const std::string target = full + "." + full + "." + full + ".cdn.example.";
  const std::string dname = "old.cdn.example. 60 IN DNAME " + target;
  const std::string name = std::string(60, 'l') + ".old.cdn.example.";
  for (const Rcode rcode : {Rcode{6}, Rcode::kNXDomain, Rcode::kNoError}) {
    Backend(name, RRType::kA, BackendSays().Rcode(rcode).Answer(dname));
    const Reply reply = Get(Ask(name, RRType::kA).Dnssec());
    EXPECT_EQ(reply.rcode(), 6);
    EXPECT_THAT(reply.Answer(), ElementsAre(dname));
    EXPECT_THAT(reply.Authority(), IsEmpty());
    EXPECT_EQ(reply.Rrsigs(), 1u);
  }
}

TEST_F(ForwardedDname, YxdomainWithoutItsDnameIsNotBelieved) {
  Backend("www.old.cdn.example.", RRType::kA, BackendSays().Rcode(Rcode{6}).Answer(kDname));
  EXPECT_EQ(Get(Ask("www.old.cdn.example.", RRType::kA).Dnssec()).rcode(), 2);
}

}  // namespace
}  // namespace sealwire::proxy::testing
