#include "signer/nsec3.h"

#include <gtest/gtest.h>
#include <ldns/ldns.h>

#include <string>

namespace sealwire::signer {
namespace {

using dns::RRType;
using dns::TypeBitmap;

dns::Name N(const std::string& text) {
  return dns::Name::FromText(text).value();
}

// ldns as the other opinion: the vectors of RFC 5155 appendix A have salt and iterations.
TEST(Nsec3, Rfc5155Section5_HashesAreThoseOfLdns) {
  for (const char* text : {"example.", "a.example.", "*.W.Example.", "\\000\\255.example.", "."}) {
    const dns::Name name = N(text);
    ldns_rdf* owner = ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, name.size(), name.wire().data());
    ldns_rdf* theirs = ldns_nsec3_hash_name(owner, LDNS_SHA1, 0, 0, nullptr);
    const auto ours = HashedOwner(HashOwner(name), dns::NameView());
    ASSERT_TRUE(ours);
    EXPECT_EQ(*ours, *dns::NameView::Parse({ldns_rdf_data(theirs), ldns_rdf_size(theirs)})) << text;
    ldns_rdf_deep_free(theirs);
    ldns_rdf_deep_free(owner);
  }
}

TEST(Nsec3, Rfc7129AppendixB_StepsGoRoundTheRing) {
  Nsec3Hash none{};
  Nsec3Hash all;
  all.fill(0xff);
  EXPECT_EQ(StepBefore(none), all);
  EXPECT_EQ(StepBehind(all), none);
  Nsec3Hash carry{};
  carry[18] = 1;
  Nsec3Hash before{};
  before[19] = 0xff;
  EXPECT_EQ(StepBefore(carry), before);
  EXPECT_EQ(StepBehind(before), carry);
}

TEST(Nsec3, Rfc5155Section71_RrsigStandsForSomethingElseThanTheNsec3) {
  const TypeBitmap empty = Nsec3Types({RRType::kRRSIG, RRType::kNSEC});
  EXPECT_EQ(empty.size(), 0u);
  const TypeBitmap cut = Nsec3Types({RRType::kNS, RRType::kRRSIG, RRType::kNSEC});
  EXPECT_TRUE(cut.Has(RRType::kNS));
  EXPECT_EQ(cut.size(), 1u);
  const TypeBitmap data = Nsec3Types({RRType::kA, RRType::kRRSIG, RRType::kNSEC});
  EXPECT_TRUE(data.Has(RRType::kA) && data.Has(RRType::kRRSIG));
  EXPECT_EQ(data.size(), 2u);
  EXPECT_TRUE(Nsec3Types({RRType::kNS, RRType::kSOA, RRType::kRRSIG}).Has(RRType::kRRSIG));
}

TEST(Nsec3, Rfc9276Section31_NoIterationsNoSaltNoFlags) {
  std::array<std::uint8_t, 64> octets;
  dns::Writer writer(octets);
  Nsec3Hash next{};
  next[0] = 0xab;
  WriteNsec3(next, {RRType::kA}, writer);
  const dns::Bytes written = writer.written();
  ASSERT_EQ(written.size(), 29u);
  EXPECT_TRUE(dns::Equal(written.first(7), std::array<std::uint8_t, 7>{1, 0, 0, 0, 0, 20, 0xab}));
}

TEST(Nsec3, HashedOwnersNeedRoomBelowTheApex) {
  const std::string tail =
      std::string(63, 'x') + "." + std::string(63, 'x') + "." + std::string(63, 'x') + ".";
  EXPECT_EQ(N(std::string(28, 'x') + "." + tail).size(), kMaxNsec3Apex);
  EXPECT_TRUE(HashedOwner(Nsec3Hash{}, N(std::string(28, 'x') + "." + tail)));
  EXPECT_FALSE(HashedOwner(Nsec3Hash{}, N(std::string(29, 'x') + "." + tail)));
}

}  // namespace
}  // namespace sealwire::signer
