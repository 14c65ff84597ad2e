// An answer that lacks what found no room is no answer for the next asker.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/proxy/pipeline_fixture.h"

namespace sealwire::proxy::testing {
namespace {

using dns::RRType;
using ::testing::SizeIs;

// Sibling glue may be left out of a small message (RFC 9471 section 3.2); whoever asks with room
// for it is still to have it, whoever asked before.
TEST_F(PipelineFixture, Rfc9471Section32_ASmallAskersAnswerIsNotKeptForOthers) {
  std::string text = "$TTL 60\n@ IN SOA ns h 1 2 3 4 5\n@ IN NS ns\n";
  for (char c = 'a'; c <= 'h'; ++c) {
    const std::string server = std::string("sibling-server-with-a-name-") + c;
    text += "sub IN NS " + server + ".hosts\n" + server + ".hosts IN A 192.0.2.1\n" + server +
            ".hosts IN AAAA 2001:db8::1\n";
  }
  Serve(LocalZoneOf("shop.net.", text), false);
  for (int i = 0; i < 3; ++i) {
    const Reply small = Get(Ask("www.sub.shop.net.", RRType::kA).Edns(512));
    EXPECT_LE(small.wire().size(), 512u);
    EXPECT_FALSE(small.tc());
  }
  EXPECT_THAT(Get(Ask("www.sub.shop.net.", RRType::kA).Edns(1232)).Additional(), SizeIs(16));
}

}  // namespace
}  // namespace sealwire::proxy::testing
