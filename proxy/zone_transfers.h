// Who may tell us that a zone changed, and who may have a copy of it.
//
// Immutable, part of a zone's snapshot. Threading: const.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "net/address.h"
#include "signer/tsig.h"

namespace sealwire::proxy {

struct TransferPeer {
  net::Endpoint endpoint;
  std::shared_ptr<const signer::TsigKey> key;  // null: known by the address alone
};

struct ZoneTransfers {
  std::uint64_t id = 0;                   // what a notice names (proxy/notices.h)
  std::vector<TransferPeer> primaries;    // may send NOTIFY
  std::vector<TransferPeer> secondaries;  // may ask for AXFR and IXFR

  // The key of that name that a peer of this zone has; null when there is none.
  const signer::TsigKey* FindKey(dns::NameView name) const noexcept;
  // A peer at that address that has to have `key`, or needs none. The port does not count.
  static const TransferPeer* Find(const std::vector<TransferPeer>& peers,
                                  const net::IpAddress& address,
                                  const signer::TsigKey* key) noexcept;
  // Whether `address` is listed, whatever key it has to have.
  static bool IsListed(const std::vector<TransferPeer>& peers,
                       const net::IpAddress& address) noexcept;
};

}  // namespace sealwire::proxy
