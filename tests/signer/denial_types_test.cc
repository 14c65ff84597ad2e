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
                                           RRType::kNXNAME, RRType::kANY,   RRType::kOPT,
                                           RRType::kNSEC3};

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

// Whatever was asked, every other type that may be data is claimed: RFC 6895 section 3.1 gives the
// ranges.
TEST(DenialTypes, Rule1_TypesWithoutANameAreClaimedToo) {
  const ApexTypes apex{.dnskey = true, .cds = true, .cdnskey = true};
  for (const RRType asked : {RRType::kA, RRType{65280}, RRType{400}, RRType{1000}}) {
    for (const ApexTypes* at : {static_cast<const ApexTypes*>(nullptr), &apex}) {
      const TypeBitmap types = AskedTypes(asked, at);
      for (const unsigned type : {1u, 16u, 28u, 70u, 98u, 127u, 256u, 264u, 265u, 400u, 511u,
                                  32768u, 32769u, 65280u, 65401u, 65534u}) {
        EXPECT_EQ(types.Has(RRType(type)), RRType(type) != asked)
            << type << " beside " << dns::ToText(asked);
      }
      for (unsigned type = 128; type < 256; ++type) EXPECT_FALSE(types.Has(RRType(type))) << type;
    }
  }
}

// It must leave room for two signatures and a SOA in a datagram.
TEST(DenialTypes, AskedTypesTakeNinetyOctets) {
  std::array<std::uint8_t, 512> octets;
  dns::Writer writer(octets);
  AskedTypes(RRType::kA, nullptr).Write(writer);
  EXPECT_TRUE(writer.ok());
  EXPECT_LE(writer.size(), 90u);
}

// What the source has of these at the apex is not served, and must not be claimed (0021).
TEST(DenialTypes, HeldKeysAtTheApexGiveWayToOurs) {
  const ApexTypes apex{.dnskey = true, .cds = false, .cdnskey = false};
  EXPECT_TRUE(
      Same(HeldTypes({RRType::kSOA, RRType::kDNSKEY, RRType::kCDS, RRType::kCDNSKEY}, &apex),
           {RRType::kSOA, RRType::kDNSKEY, RRType::kRRSIG, RRType::kNSEC}));
}

}  // namespace
}  // namespace sealwire::signer
