// The addresses and the port that a DPDK edge answers on.
//
// Asked once per frame, so the set is an open-addressing table that is at most half full: one probe
// as a rule, whether an edge serves one address or a hundred anycast ones. Threading: const after
// construction. No DPDK type.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dns/bytes.h"
#include "net/address.h"

namespace sealwire::dpdk {

class ServedAddresses {
 public:
  ServedAddresses(std::span<const net::IpAddress> addresses, std::uint16_t port);

  std::uint16_t port() const noexcept { return port_; }
  // `address` has 4 or 16 octets.
  bool Contains(dns::Bytes address) const noexcept;
  const std::vector<net::IpAddress>& list() const noexcept { return list_; }

 private:
  struct Slot {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    bool used = false;
  };
  static Slot KeyOf(dns::Bytes address) noexcept;
  std::size_t Home(const Slot& key) const noexcept;

  std::vector<net::IpAddress> list_;
  std::vector<Slot> slots_;
  std::uint16_t port_;
};

}  // namespace sealwire::dpdk
