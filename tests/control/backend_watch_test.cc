#include "control/backend_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sealwire::control {
namespace {

using signer::TsigVerdict;
using ::testing::HasSubstr;
using ::testing::Not;

class BackendWatchTest : public ::testing::Test {
 protected:
  proxy::BackendStatus& Add(const char* endpoint) {
    statuses_.emplace_back().endpoint = net::Endpoint::FromText(endpoint).value();
    statuses_.back().up = true;
    return statuses_.back();
  }
  std::string Looked() {
    ::testing::internal::CaptureStderr();
    watch_.Look();
    return ::testing::internal::GetCapturedStderr();
  }
  std::vector<proxy::BackendStatus> statuses_;
  BackendWatch watch_{[this] { return statuses_; }};
};

TEST_F(BackendWatchTest, ABackendIsDownWhenNoWorkerReachesIt) {
  Add("192.0.2.1:53").up = false;
  Add("192.0.2.1:53");
  EXPECT_EQ(Looked(), "");
  statuses_[1].up = false;
  EXPECT_THAT(Looked(), HasSubstr("backend-down"));
  EXPECT_EQ(Looked(), "");
  statuses_[0].up = true;
  EXPECT_THAT(Looked(), HasSubstr("backend-up"));
}

TEST_F(BackendWatchTest, Rfc8945_WhatIsNotSignedAsItMustBeIsLoggedWithAdvice) {
  Add("192.0.2.1:53").tsig_refused = 3;
  statuses_[0].tsig_problem = TsigVerdict::kBadTime;
  const std::string line = Looked();
  EXPECT_THAT(line, HasSubstr("backend-tsig-refused"));
  EXPECT_THAT(line, HasSubstr("BADTIME"));
  EXPECT_EQ(Looked(), "");  // nothing new
  MetricsText out;
  watch_.AddMetrics(out);
  EXPECT_THAT(out.text(),
              HasSubstr("sealwire_backend_tsig_refused_total{backend=\"192.0.2.1:53\"} 3"));
  EXPECT_THAT(out.text(), HasSubstr("sealwire_backend_up{backend=\"192.0.2.1:53\"} 1"));
}

TEST_F(BackendWatchTest, EveryProblemHasAdvice) {
  for (const TsigVerdict problem :
       {TsigVerdict::kUnsigned, TsigVerdict::kMalformed, TsigVerdict::kBadKey, TsigVerdict::kBadSig,
        TsigVerdict::kBadTime, TsigVerdict::kBadTrunc}) {
    EXPECT_THAT(std::string(Advice(problem)), Not(HasSubstr("good")));
  }
}

}  // namespace
}  // namespace sealwire::control
