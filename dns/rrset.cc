#include "dns/rrset.h"

#include <algorithm>
#include <limits>

namespace sealwire::dns {

void RRset::Add(Bytes rdata) {
  if (count_ == std::numeric_limits<std::uint16_t>::max() || rdata.size() > 0xffff) return;
  bool there = false;
  view().ForEach([&](Bytes other) { there = there || Equal(other, rdata); });
  if (there) return;
  rdata_.push_back(static_cast<std::uint8_t>(rdata.size() >> 8));
  rdata_.push_back(static_cast<std::uint8_t>(rdata.size()));
  rdata_.insert(rdata_.end(), rdata.begin(), rdata.end());
  ++count_;
}

}  // namespace sealwire::dns
