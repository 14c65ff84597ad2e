// Queries in the words of a test: Ask("www.example.", RRType::kA).Dnssec().
#pragma once

#include <string>
#include <vector>

#include "dns/bytes.h"
#include "dns/name.h"
#include "dns/rr_type.h"

namespace sealwire::proxy::testing {

using Packet = std::vector<std::uint8_t>;

inline dns::Name N(const std::string& text) {
  return dns::Name::FromText(text).value();
}

class Ask {
 public:
  Ask(const std::string& name, dns::RRType type) : name_(N(name)), type_(type) {}

  Ask& Id(std::uint16_t id) { return id_ = id, *this; }
  Ask& Flags(std::uint16_t flags) { return flags_ = flags, *this; }
  Ask& RecursionDesired() { return Flags(flags_ | 0x0100); }
  Ask& CheckingDisabled() { return Flags(flags_ | 0x0010); }
  Ask& Class(std::uint16_t rr_class) { return class_ = rr_class, *this; }
  Ask& Questions(std::uint16_t count) { return questions_ = count, *this; }
  Ask& Edns(std::uint16_t size = 1232) { return edns_ = true, size_ = size, *this; }
  Ask& Version(std::uint8_t version) { return Edns(), version_ = version, *this; }
  Ask& Dnssec(std::uint16_t size = 1232) { return Edns(size), edns_flags_ |= 0x8000, *this; }
  Ask& CompactOk() { return Edns(size_), edns_flags_ |= 0x4000, *this; }
  Ask& Option(std::uint16_t code, const std::string& data) {
    edns_ = true;
    Append16(options_, code);
    Append16(options_, static_cast<std::uint16_t>(data.size()));
    options_.insert(options_.end(), data.begin(), data.end());
    return *this;
  }
  Ask& Trailing(const std::string& octets) { return trailing_ = octets, *this; }

  Packet Bytes() const {
    Packet out;
    for (const std::uint16_t field : {id_, flags_, questions_, std::uint16_t{0}, std::uint16_t{0},
                                      static_cast<std::uint16_t>(edns_ ? 1 : 0)}) {
      Append16(out, field);
    }
    const dns::Bytes name = name_.wire();
    out.insert(out.end(), name.begin(), name.end());
    Append16(out, static_cast<std::uint16_t>(type_));
    Append16(out, class_);
    if (edns_) {
      out.push_back(0);
      for (const std::uint16_t field :
           {std::uint16_t{41}, size_, static_cast<std::uint16_t>(version_), edns_flags_,
            static_cast<std::uint16_t>(options_.size())}) {
        Append16(out, field);
      }
      out.insert(out.end(), options_.begin(), options_.end());
    }
    out.insert(out.end(), trailing_.begin(), trailing_.end());
    return out;
  }

 private:
  static void Append16(Packet& out, std::uint16_t value) {
    out.push_back(static_cast<std::uint8_t>(value >> 8));
    out.push_back(static_cast<std::uint8_t>(value));
  }

  dns::Name name_;
  dns::RRType type_;
  std::uint16_t id_ = 0x1234;
  std::uint16_t flags_ = 0;
  std::uint16_t class_ = 1;
  std::uint16_t questions_ = 1;
  bool edns_ = false;
  std::uint16_t size_ = 1232;
  std::uint8_t version_ = 0;
  std::uint16_t edns_flags_ = 0;
  Packet options_;
  std::string trailing_;
};

}  // namespace sealwire::proxy::testing
