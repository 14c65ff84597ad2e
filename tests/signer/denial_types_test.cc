#include "signer/denial_types.h"

#include <gtest/gtest.h>

#include <vector>

namespace sealwire::signer {
namespace {

using dns::RRType;
using dns::TypeBitmap;

bool Same(const TypeBitmap& a, const TypeBitmap& b) {
  for (unsigned type = 0; type <= 0xffff; ++type) {
    if (a.Has(RRType(type)) != b.Has(RRType(type))) return false;
  }
  return true;
}

TEST(DenialTypes, Rfc9824Section3_1_NonexistentNameHasNxnameBitmap) {
  EXPECT_TRUE(Same(NonexistentTypes(), {RRType::kRRSIG, RRType::kNSEC, RRType::kNXNAME}));
}

TEST(DenialTypes, Rfc9824Section3_2_EmptyNonTerminalHasNoType) {
  EXPECT_TRUE(Same(EmptyNonTerminalTypes(), {RRType::kRRSIG, RRType::kNSEC}));
}

TEST(DenialTypes, Rfc9824Section3_4_UnsignedCutHasNsOnly) {
  EXPECT_TRUE(Same(UnsignedCutTypes(), {RRType::kNS, RRType::kRRSIG, RRType::kNSEC}));
}

TEST(DenialTypes, HeldNamesClaimExactlyWhatIsThere) {
  EXPECT_TRUE(Same(HeldTypes({RRType::kA, RRType::kTXT}, nullptr),
                   {RRType::kA, RRType::kTXT, RRType::kRRSIG, RRType::kNSEC}));
  const ApexTypes apex{.dnskey = true, .cds = true, .cdnskey = false};
  EXPECT_TRUE(Same(
      HeldTypes({RRType::kSOA, RRType::kNS}, &apex),
      {RRType::kSOA, RRType::kNS, RRType::kDNSKEY, RRType::kCDS, RRType::kRRSIG, RRType::kNSEC}));
}

const std::vector<RRType> kNeverClaimed = {RRType::kCNAME,  RRType::kDNAME, RRType::kDS,
                                           RRType::kNXNAME, RRType::kALIAS, RRType::kANY,
                                           RRType::kOPT,    RRType::kNSEC3};

TEST(DenialTypes, AskedNamesClaimEverythingThatCouldBeThereButTheAskedType) {
  for (const RRType asked : {RRType::kA, RRType::kAAAA, RRType::kTXT, RRType::kTLSA, RRType::kHTTPS,
                             RRType::kCAA, RRType{65280}}) {
    const TypeBitmap types = AskedTypes(asked, nullptr);
    EXPECT_FALSE(types.Has(asked));
    for (const RRType other :
         {RRType::kA, RRType::kAAAA, RRType::kTXT, RRType::kMX, RRType::kSRV, RRType::kTLSA,
          RRType::kSVCB, RRType::kHTTPS, RRType::kCAA, RRType::kURI, RRType::kSSHFP, RRType::kNAPTR,
          RRType::kPTR, RRType::kLOC, RRType::kOPENPGPKEY, RRType::kSMIMEA, RRType::kCDS}) {
      EXPECT_EQ(types.Has(other), other != asked)
          << dns::ToText(other) << " beside " << dns::ToText(asked);
    }
    EXPECT_TRUE(types.Has(RRType::kRRSIG));
    EXPECT_TRUE(types.Has(RRType::kNSEC));
    for (const RRType never : kNeverClaimed) EXPECT_FALSE(types.Has(never)) << dns::ToText(never);
  }
}

// NS without SOA says "zone cut", and a resolver would look for the child (RFC 6840 section 4.1).
TEST(DenialTypes, Rfc6840Section4_1_AskedNamesClaimNsOnlyBesideSoa) {
  EXPECT_FALSE(AskedTypes(RRType::kTXT, nullptr).Has(RRType::kNS));
  EXPECT_FALSE(AskedTypes(RRType::kTXT, nullptr).Has(RRType::kSOA));
  const ApexTypes apex;
  EXPECT_TRUE(AskedTypes(RRType::kTXT, &apex).Has(RRType::kNS));
  EXPECT_TRUE(AskedTypes(RRType::kTXT, &apex).Has(RRType::kSOA));
  EXPECT_FALSE(AskedTypes(RRType::kSOA, &apex).Has(RRType::kNS));
}

TEST(DenialTypes, AskedApexClaimsTheKeyRRsetsThatArePublished) {
  const ApexTypes all{.dnskey = true, .cds = true, .cdnskey = true};
  const ApexTypes none{.dnskey = false, .cds = false, .cdnskey = false};
  for (const RRType type : {RRType::kDNSKEY, RRType::kCDS, RRType::kCDNSKEY}) {
    EXPECT_TRUE(AskedTypes(RRType::kA, &all).Has(type)) << dns::ToText(type);
    EXPECT_FALSE(AskedTypes(RRType::kA, &none).Has(type)) << dns::ToText(type);
    EXPECT_FALSE(AskedTypes(type, &all).Has(type)) << dns::ToText(type);
  }
  EXPECT_FALSE(AskedTypes(RRType::kA, nullptr).Has(RRType::kDNSKEY));
}

TEST(DenialTypes, TheNsecItselfIsNeverDenied) {
  for (const RRType asked : {RRType::kRRSIG, RRType::kNSEC}) {
    EXPECT_TRUE(AskedTypes(asked, nullptr).Has(RRType::kRRSIG));
    EXPECT_TRUE(AskedTypes(asked, nullptr).Has(RRType::kNSEC));
  }
}

// A bitmap that is full drops types, and a dropped type is a denied one.
TEST(DenialTypes, NoTypeIsLostForWantOfRoom) {
  const ApexTypes apex{.dnskey = true, .cds = true, .cdnskey = true};
  EXPECT_LT(AskedTypes(RRType::kA, &apex).size(), TypeBitmap::kMaxTypes);
  EXPECT_TRUE(AskedTypes(RRType::kA, &apex).Has(RRType{32769}));
}

}  // namespace
}  // namespace sealwire::signer
