#include "dns/rr_type.h"

#include <gtest/gtest.h>

namespace sealwire::dns {
namespace {

TEST(RRTypeText, MnemonicsReadAndWrite) {
  EXPECT_EQ(ToText(RRType::kHTTPS), "HTTPS");
  EXPECT_EQ(ParseRRType("aaaa"), RRType::kAAAA);
  EXPECT_EQ(ParseRRType("Nxname"), RRType::kNXNAME);
  for (unsigned i = 0; i <= 65535; ++i) {
    const auto type = static_cast<RRType>(i);
    ASSERT_EQ(ParseRRType(ToText(type)), type) << i;
  }
}

TEST(RRTypeText, Rfc3597Section5_TypesWithoutMnemonic) {
  EXPECT_EQ(ToText(static_cast<RRType>(65280)), "TYPE65280");
  EXPECT_EQ(ParseRRType("TYPE65280"), static_cast<RRType>(65280));
  EXPECT_EQ(ParseRRType("type1"), RRType::kA);
  for (const char* text :
       {"", "TYPE", "TYPE65536", "TYPE-1", "TYPE1x", "TYP1", "NOSUCH", "TYPE 1"}) {
    EXPECT_FALSE(ParseRRType(text)) << text;
  }
}

TEST(RRTypeText, RcodesHaveNames) {
  EXPECT_EQ(ToText(Rcode::kBadVers), "BADVERS");
  EXPECT_EQ(ToText(static_cast<Rcode>(77)), "RCODE77");
}

TEST(RRTypeKinds, Rfc6895Section31_MetaTypesAreNeverData) {
  for (const RRType type : {RRType::kOPT, RRType::kANY, RRType::kAXFR, RRType::kTSIG,
                            RRType::kNXNAME, static_cast<RRType>(0)}) {
    EXPECT_TRUE(IsMetaType(type)) << ToText(type);
  }
  for (const RRType type : {RRType::kA, RRType::kURI, RRType::kDNSKEY, static_cast<RRType>(127)}) {
    EXPECT_FALSE(IsMetaType(type)) << ToText(type);
  }
}

TEST(RdataTraits, Rfc3597Section4_OnlyTypesOfRfc1035AreCompressed) {
  for (unsigned i = 0; i <= 65535; ++i) {
    const auto type = static_cast<RRType>(i);
    const RdataTraits traits = TraitsOf(type);
    if (traits.may_compress) {
      EXPECT_LE(i, 16u);
    }
    if (traits.may_compress) {
      EXPECT_TRUE(traits.may_decompress);
    }
    if (traits.may_decompress || traits.lower_names) {
      EXPECT_GT(traits.names, 0);
    }
  }
  EXPECT_TRUE(TraitsOf(RRType::kSRV).may_decompress);
  EXPECT_FALSE(TraitsOf(RRType::kSRV).may_compress);
}

TEST(RdataTraits, Rfc6840Section51_NsecNamesKeepTheirCaseAndRrsigNamesDoNot) {
  EXPECT_FALSE(TraitsOf(RRType::kNSEC).lower_names);
  EXPECT_TRUE(TraitsOf(RRType::kRRSIG).lower_names);
  EXPECT_FALSE(TraitsOf(RRType::kHINFO).lower_names);
  EXPECT_FALSE(TraitsOf(RRType::kSVCB).lower_names);  // not in the list of RFC 4034 section 6.2
}

}  // namespace
}  // namespace sealwire::dns
