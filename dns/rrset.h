// RRsets: one owner, class, type and TTL, and the RDATA of each record in uncompressed wire form.
//
// RRsetView borrows everything: its RDATA lie one after the other in `rdata`, each behind a 16-bit
// big-endian length, so that a parsed or synthesized set needs no allocation. RRset owns, for zones
// held in memory and keys. Threading: values; an RRset that is shared is const.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <vector>

#include "dns/bytes.h"
#include "dns/name.h"
#include "dns/rr_type.h"

namespace sealwire::dns {

struct RRsetView {
  NameView owner;
  RRType type = RRType::kA;
  RRClass rr_class = RRClass::kIN;
  std::uint32_t ttl = 0;  // seconds
  std::uint16_t count = 0;
  Bytes rdata;  // count × (u16 length, octets); names inside uncompressed

  // Calls visit(Bytes rdata) for each record in order.
  template <class Visit>
  void ForEach(Visit&& visit) const {
    Reader reader(rdata);
    for (int i = 0; i < count; ++i) {
      const std::uint16_t size = reader.U16();
      visit(reader.Run(size));
    }
  }
  Bytes First() const noexcept {
    Reader reader(rdata);
    const std::uint16_t size = reader.U16();
    return reader.Run(size);
  }
};

class RRset {
 public:
  RRset() = default;
  RRset(NameView owner, RRType type, std::uint32_t ttl) : owner_(owner), type_(type), ttl_(ttl) {}

  // Adds a record; a duplicate is dropped (RFC 2181 section 5). `rdata` is at most 65535 octets.
  void Add(Bytes rdata);

  RRsetView view() const noexcept {
    return {owner_.view(), type_, RRClass::kIN, ttl_, count_, rdata_};
  }
  const Name& owner() const noexcept { return owner_; }
  RRType type() const noexcept { return type_; }
  std::uint32_t ttl() const noexcept { return ttl_; }
  void set_ttl(std::uint32_t ttl) noexcept { ttl_ = ttl; }
  std::uint16_t count() const noexcept { return count_; }
  bool empty() const noexcept { return count_ == 0; }

 private:
  Name owner_;
  RRType type_ = RRType::kA;
  std::uint32_t ttl_ = 0;
  std::uint16_t count_ = 0;
  std::vector<std::uint8_t> rdata_;
};

}  // namespace sealwire::dns
