// How many connections each client holds: an IPv4 address, or an IPv6 /64, since whoever has one
// address of it has them all.
//
// Threading: one owner. Bounded by the connections there are.
#pragma once

#include <cstdint>
#include <cstring>
#include <unordered_map>

#include "net/address.h"

namespace sealwire::net {

class ClientLimits {
 public:
  explicit ClientLimits(std::size_t per_client) noexcept : per_client_(per_client) {}

  // False when the client has all it may have; else each Enter() is matched by one Leave().
  bool Enter(const IpAddress& client) {
    std::size_t& held = held_[Key(client)];
    if (held >= per_client_) return false;
    ++held;
    return true;
  }
  void Leave(const IpAddress& client) {
    const auto found = held_.find(Key(client));
    if (found != held_.end() && --found->second == 0) held_.erase(found);
  }

 private:
  // IPv4 addresses take the place of ff00::/8, from which no connection comes.
  static std::uint64_t Key(const IpAddress& client) noexcept {
    const dns::Bytes octets = client.octets();
    dns::Reader reader(octets);
    const std::uint64_t high = reader.U32();
    return client.IsV6() ? high << 32 | reader.U32() : 0xff00000000000000u | high;
  }

  std::size_t per_client_;
  std::unordered_map<std::uint64_t, std::size_t> held_;
};

}  // namespace sealwire::net
