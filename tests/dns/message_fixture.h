// Messages and records for tests, in the tests' own words.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "dns/message_view.h"
#include "dns/message_writer.h"
#include "dns/name.h"
#include "dns/rrset.h"

namespace sealwire::dns::test {

using Octets = std::vector<std::uint8_t>;

inline Name N(std::string_view text) {
  auto name = Name::FromText(text);
  EXPECT_TRUE(name.ok()) << text << ": " << (name.ok() ? "" : name.error());
  return name.ok() ? *name : Name();
}

// Octets put together from numbers, strings and names.
class Build {
 public:
  Build& U8(unsigned v) {
    octets_.push_back(static_cast<std::uint8_t>(v));
    return *this;
  }
  Build& U16(unsigned v) { return U8(v >> 8).U8(v); }
  Build& U32(std::uint32_t v) { return U16(v >> 16).U16(v & 0xffff); }
  Build& Raw(Bytes run) {
    octets_.insert(octets_.end(), run.begin(), run.end());
    return *this;
  }
  Build& Text(std::string_view text) {
    for (const char c : text) U8(static_cast<unsigned char>(c));
    return *this;
  }
  // A character-string (RFC 1035 section 3.3).
  Build& String(std::string_view text) { return U8(static_cast<unsigned>(text.size())).Text(text); }
  Build& Name(std::string_view text) { return Raw(N(text).wire()); }
  Build& Pointer(unsigned target) { return U16(0xc000 | target); }
  Build& Header(unsigned flags, unsigned qd, unsigned an, unsigned ns, unsigned ar) {
    return U16(0x1234).U16(flags).U16(qd).U16(an).U16(ns).U16(ar);
  }
  // What stands before the RDATA, when the owner is written.
  Build& Fixed(RRType type, std::uint32_t ttl, std::size_t rdata_size) {
    return U16(static_cast<unsigned>(type)).U16(1).U32(ttl).U16(static_cast<unsigned>(rdata_size));
  }
  Octets Done() const { return octets_; }
  std::size_t size() const { return octets_.size(); }

 private:
  Octets octets_;
};

inline RRset Set(std::string_view owner, RRType type, std::uint32_t ttl,
                 std::initializer_list<Octets> rdatas) {
  RRset set(N(owner), type, ttl);
  for (const Octets& rdata : rdatas) set.Add(rdata);
  return set;
}

}  // namespace sealwire::dns::test
