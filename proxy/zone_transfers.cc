#include "proxy/zone_transfers.h"

#include <algorithm>

namespace sealwire::proxy {

const signer::TsigKey* ZoneTransfers::FindKey(dns::NameView name) const noexcept {
  for (const auto* peers : {&primaries, &secondaries}) {
    for (const TransferPeer& peer : *peers) {
      if (peer.key && peer.key->name() == name) return peer.key.get();
    }
  }
  return nullptr;
}

const TransferPeer* ZoneTransfers::Find(const std::vector<TransferPeer>& peers,
                                        const net::IpAddress& address,
                                        const signer::TsigKey* key) noexcept {
  const auto found = std::find_if(peers.begin(), peers.end(), [&](const TransferPeer& peer) {
    return peer.endpoint.address == address && (!peer.key || peer.key.get() == key);
  });
  return found == peers.end() ? nullptr : &*found;
}

bool ZoneTransfers::IsListed(const std::vector<TransferPeer>& peers,
                             const net::IpAddress& address) noexcept {
  return std::any_of(peers.begin(), peers.end(),
                     [&](const TransferPeer& peer) { return peer.endpoint.address == address; });
}

}  // namespace sealwire::proxy
