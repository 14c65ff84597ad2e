// Zones and questions from a stream of numbers: a seeded generator in tests, octets of the fuzzer.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "proxy/local_zone_builder.h"

namespace sealwire::proxy::testing {

// Names and records that meet one another at every edge: few labels, near in canonical order,
// wildcards, labels of 63 octets, names up to 255.
template <class Draw>  // Draw(n): a number below n
class RandomZone {
 public:
  RandomZone(dns::NameView apex, Draw draw) : apex_(apex), draw_(draw) {}

  dns::Name NameBelow(int most_labels) {
    static constexpr const char* kLabels[] = {"a", "b", "B", "c", "*", "ab", "_x"};
    static constexpr std::uint8_t kOctets[] = {0, 1, '@', 'Z', '[', '`', 'a', 'b', 254, 255};
    dns::Name name(apex_);
    for (int labels = 1 + draw_(most_labels); labels > 0; --labels) {
      std::vector<std::uint8_t> label;
      if (const int kind = draw_(16); kind < 12) {
        const std::string text = kLabels[draw_(std::size(kLabels))];
        label.assign(text.begin(), text.end());
      } else {
        const std::size_t size = kind == 15 ? 63 : 1 + static_cast<std::size_t>(draw_(3));
        label.assign(size, kOctets[draw_(std::size(kOctets))]);
        label[0] = kOctets[draw_(std::size(kOctets))];
        label.back() = kOctets[draw_(std::size(kOctets))];
      }
      name = dns::Name::Prepend(label, name).value_or(name);
    }
    return name;
  }

  // A zone of at most `records` random records; those that cannot stand together are left out.
  std::shared_ptr<const LocalZone> Grow(int records) {
    std::vector<Record> held = {{apex_, dns::RRType::kSOA, Soa()}, {apex_, dns::RRType::kNS, {0}}};
    auto zone = Build(held);
    for (int i = 0; i < records; ++i) {
      held.push_back(RandomRecord());
      if (auto grown = Build(held)) {
        zone = std::move(grown);
      } else {
        held.pop_back();
      }
    }
    return zone;
  }

 private:
  struct Record {
    dns::Name owner;
    dns::RRType type;
    std::vector<std::uint8_t> rdata;
  };

  std::vector<std::uint8_t> Soa() const {
    std::vector<std::uint8_t> rdata(22, 0);
    rdata.back() = 60;
    return rdata;
  }

  Record RandomRecord() {
    const dns::Name owner = NameBelow(4);
    const dns::Name target = NameBelow(2);
    const std::vector<std::uint8_t> name(target.wire().begin(), target.wire().end());
    switch (draw_(10)) {
      case 0:
        return {owner, dns::RRType::kCNAME, name};
      case 1:
        return {owner, dns::RRType::kDNAME, name};
      case 2:
      case 3:
        return {owner, dns::RRType::kNS, name};
      case 4: {
        std::vector<std::uint8_t> ds(36, 7);
        ds[2] = 13;
        ds[3] = 2;
        return {owner, dns::RRType::kDS, ds};
      }
      case 5:
        return {owner, dns::RRType{65280}, {1}};
      case 6:
        return {owner, dns::RRType::kTXT, {1, 'x'}};
      default:
        return {owner, dns::RRType::kA, {192, 0, 2, static_cast<std::uint8_t>(draw_(3))}};
    }
  }

  std::shared_ptr<const LocalZone> Build(const std::vector<Record>& records) const {
    LocalZoneBuilder builder(apex_, 1);
    for (const Record& record : records) {
      if (!builder.Add(record.owner, record.type, 300, record.rdata, 0)) return nullptr;
    }
    auto zone = builder.Build();
    return zone ? zone.value() : nullptr;
  }

  dns::Name apex_;
  Draw draw_;
};

}  // namespace sealwire::proxy::testing
