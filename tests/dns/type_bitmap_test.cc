#include "dns/type_bitmap.h"

#include <gtest/gtest.h>

#include "tests/dns/message_fixture.h"

namespace sealwire::dns {
namespace {

using test::Octets;

Octets Written(const TypeBitmap& bitmap) {
  Octets buffer(8192);
  Writer out(buffer);
  bitmap.Write(out);
  EXPECT_TRUE(out.ok());
  return {out.written().begin(), out.written().end()};
}

TEST(TypeBitmap, Rfc4034Section43_TheExample) {
  // alfa.example.com. NSEC host.example.com. ( A MX RRSIG NSEC TYPE1234 )
  const TypeBitmap bitmap = {RRType::kA, RRType::kMX, RRType::kRRSIG, RRType::kNSEC,
                             static_cast<RRType>(1234)};
  Octets expected = {0x00, 0x06, 0x40, 0x01, 0x00, 0x00, 0x00, 0x03, 0x04, 0x1b};
  expected.resize(expected.size() + 26, 0);
  expected.push_back(0x20);
  EXPECT_EQ(Written(bitmap), expected);
}

TEST(TypeBitmap, Rfc9824Section3_1_NxnameNsecAndRrsig) {
  const TypeBitmap bitmap = {RRType::kNXNAME, RRType::kRRSIG, RRType::kNSEC};
  EXPECT_EQ(Written(bitmap),
            (Octets{0x00, 17, 0, 0, 0, 0, 0, 0x03, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80}));
}

TEST(TypeBitmap, AddingIsSortedAndIdempotent) {
  TypeBitmap bitmap;
  EXPECT_TRUE(bitmap.Add(RRType::kCAA));
  EXPECT_TRUE(bitmap.Add(RRType::kA));
  EXPECT_TRUE(bitmap.Add(RRType::kCAA));
  EXPECT_EQ(bitmap.size(), 2u);
  EXPECT_TRUE(bitmap.Has(RRType::kA));
  EXPECT_FALSE(bitmap.Has(RRType::kNS));
  bitmap.Remove(RRType::kA);
  bitmap.Remove(RRType::kA);
  EXPECT_EQ(bitmap.size(), 1u);
  EXPECT_EQ(Written(bitmap), (Octets{1, 1, 0x40}));
}

TEST(TypeBitmap, EmptyIsNoOctets) {
  EXPECT_TRUE(Written(TypeBitmap()).empty());
}

TEST(TypeBitmap, HoldsNoMoreWindowsThanItsLimit) {
  TypeBitmap bitmap;
  for (unsigned i = 0; i < TypeBitmap::kMaxWindows; ++i) {
    EXPECT_TRUE(bitmap.Add(static_cast<RRType>(0xff00 - 256 * i)));
  }
  EXPECT_FALSE(bitmap.Add(RRType::kA));
  EXPECT_FALSE(bitmap.Has(RRType::kA));
  EXPECT_TRUE(bitmap.Add(static_cast<RRType>(0xffff)));
  EXPECT_EQ(bitmap.size(), TypeBitmap::kMaxWindows + 1);
}

TEST(TypeBitmap, Rfc4034Section412_WindowsWithoutTypesAreNotWritten) {
  TypeBitmap bitmap = {RRType::kA, RRType::kCAA};
  bitmap.Remove(RRType::kCAA);
  bitmap.Remove(static_cast<RRType>(0x1234));
  EXPECT_EQ(Written(bitmap), (Octets{0, 1, 0x40}));
  bitmap.Remove(RRType::kA);
  EXPECT_TRUE(Written(bitmap).empty());
}

TEST(TypeBitmap, Rfc4034Section412_ParseGivesBackWhatWasWritten) {
  const TypeBitmap bitmap = {RRType::kA, RRType::kAAAA, RRType::kANY, RRType::kURI,
                             static_cast<RRType>(65535)};
  TypeBitmap parsed;
  ASSERT_TRUE(TypeBitmap::Parse(Written(bitmap), parsed));
  EXPECT_EQ(parsed.size(), bitmap.size());
  EXPECT_EQ(Written(parsed), Written(bitmap));
}

TEST(TypeBitmap, Rfc4034Section412_MalformedWindowsAreRefused) {
  TypeBitmap parsed;
  EXPECT_TRUE(TypeBitmap::Parse({}, parsed));
  EXPECT_FALSE(TypeBitmap::Parse(Octets{0}, parsed));
  EXPECT_FALSE(TypeBitmap::Parse(Octets{0, 0}, parsed));                    // no octets
  EXPECT_FALSE(TypeBitmap::Parse(Octets{0, 2, 0x40}, parsed));              // cut short
  EXPECT_FALSE(TypeBitmap::Parse(Octets{0, 2, 0x40, 0}, parsed));           // trailing zero
  EXPECT_FALSE(TypeBitmap::Parse(Octets{1, 1, 0x40, 0, 1, 0x40}, parsed));  // descending
  EXPECT_FALSE(TypeBitmap::Parse(Octets{1, 1, 0x40, 1, 1, 0x40}, parsed));  // twice
  Octets long_window = {0, 33};
  long_window.resize(35, 1);
  EXPECT_FALSE(TypeBitmap::Parse(long_window, parsed));
}

}  // namespace
}  // namespace sealwire::dns
