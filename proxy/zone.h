// A zone as workers see it, and the table of all of them: immutable snapshots.
//
// The control thread builds a new ZoneTable for every change (sharing all shards that did not
// change, so that a toggle costs the same among ten zones and a million) and hands it to each
// worker, who swaps it in between batches. Nothing here is written per packet. Threading: const
// objects may be read by any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dns/name.h"
#include "keycache/zone_keys.h"
#include "net/address.h"
#include "proxy/audience_key.h"
#include "proxy/denial_mode.h"

namespace sealwire::signer {
class TsigKey;  // signer/tsig.h
}

namespace sealwire::proxy {

class LocalZone;       // a zone held whole: proxy/local_zone.h
struct ZoneTransfers;  // who may copy a zone: proxy/zone_transfers.h
class NameHashes;      // a name hashed suffix by suffix: proxy/name_hash.h

// How backends that steer by the client's address are told it.
enum class ClientAddress : std::uint8_t {
  kSubnet,  // its network, by EDNS Client Subnet (RFC 7871): shortened to /24 or /56
  kProxy,   // whole, by a PROXY header before each query (net/proxy_header.h)
  kNone,
};

// Backends that are only asked. `id` is unique in this process for one list of endpoints and one
// way of asking them.
struct ForwardSet {
  std::uint64_t id = 0;
  std::vector<net::Endpoint> endpoints;
  ClientAddress client_address = ClientAddress::kSubnet;
  // Signs every question, and must have signed every answer (RFC 8945); null: neither is signed.
  std::shared_ptr<const signer::TsigKey> tsig = nullptr;
};

// Whether the keys of a signed zone are open. While they are not, nothing leaves that a validator
// would look at (Resolution::Follow()).
enum class KeyWait : std::uint8_t {
  kNone,   // they are, or the zone is unsigned
  kShort,  // they are opened when a query calls for them: it waits
  kLong,   // they cannot be opened now: nobody waits
};

struct ZonePolicy {
  std::uint32_t signature_validity = 3 * 86400;  // seconds
  std::uint32_t inception_skew = 3600;           // seconds before now
  std::uint32_t negative_ttl_cap = 3600;  // seconds; NSEC and SOA in negative answers, RFC 9077
  DenialMode denial = DenialMode::kCompact;
  // Seconds for which a backend's answer may be given again without asking; 0: ask every time,
  // since backends steer by who asks and when.
  std::uint32_t forward_cache_seconds = 0;
  // Off: an ALIAS stands for nothing, and its owner has no addresses but those that lie beside it.
  bool flatten_alias = true;
  // Seconds for which a backend's last answer is given while no backend can be asked; 0: never.
  std::uint32_t serve_stale = 0;
};

// At most one of `local` and `forward` is set: a transferred zone has neither before it came and
// after it expired.
struct Zone {
  dns::Name apex;
  std::uint64_t id = 0;  // new for every change of content or keys: separates answer cache entries
  AudienceKey audience;  // where workers count who asks it
  ZonePolicy policy;
  std::shared_ptr<const LocalZone> local;
  std::shared_ptr<const ForwardSet> forward;
  dns::ExtendedError unavailable = dns::ExtendedError::kNotReady;  // why both are null
  std::shared_ptr<const ZoneTransfers> transfers;                  // null: with nobody
  std::shared_ptr<const keycache::ZoneKeys> keys;  // null: unsigned, or key_wait says why not
  KeyWait key_wait = KeyWait::kNone;
  std::uint64_t key_call = 0;  // what is put into PipelineOptions::key_calls to have them opened
  // Which zones of ours lie below this one: 0 for none; else it changes whenever one comes or goes,
  // since some answers of this zone then do too. Set by ZoneTable::With().
  std::uint32_t zones_below = 0;

  // The same only for a zone that gives the same answers; ids stay below 2^40.
  std::uint64_t version() const noexcept { return id | std::uint64_t{zones_below} << 40; }
};

class ZoneTable {
 public:
  ZoneTable();
  ~ZoneTable();
  ZoneTable(const ZoneTable&);
  ZoneTable& operator=(const ZoneTable&) = delete;

  // The zone that is authoritative for `name`: the longest apex that is `name` or above it
  // (RFC 1034 section 4.3.2 step 2). `parent_side` skips an apex equal to `name`, for DS
  // (RFC 4035 section 3.1.4.1); the zone at the apex itself is the answer when no parent is here.
  const Zone* Find(dns::NameView name, bool parent_side = false) const noexcept;
  // The same for a name that was hashed with hash_seed() before.
  const Zone* Find(const NameHashes& name, bool parent_side = false) const noexcept;
  // The zone whose apex is exactly `apex`.
  const Zone* FindApex(dns::NameView apex) const noexcept;
  // Whether any zone has its apex below `name`.
  bool HasZoneBelow(dns::NameView name) const noexcept;
  // Whether `name`, of `zone` and not its apex, is the apex of another zone of ours, or above one,
  // and exists for that alone. Costs nothing where no zone lies below `zone`.
  bool IsApexBelow(const Zone& zone, dns::NameView name) const noexcept {
    return zone.zones_below != 0 && !(zone.apex == name) && FindApex(name) != nullptr;
  }
  bool IsAboveApex(const Zone& zone, dns::NameView name) const noexcept {
    return zone.zones_below != 0 && HasZoneBelow(name);
  }
  std::size_t size() const noexcept;
  // The same for all tables made from one another by With().
  std::uint64_t hash_seed() const noexcept;

  // New tables that differ in one zone, or in many at once: removals first, then the zones put,
  // each in place of the zone at its apex. Zone::zones_below is set in copies of those it changes
  // for.
  static std::shared_ptr<const ZoneTable> With(const ZoneTable& base,
                                               std::vector<std::shared_ptr<const Zone>> put,
                                               const std::vector<dns::Name>& removed = {});

 private:
  struct Shards;
  std::shared_ptr<const Shards> shards_;
};

}  // namespace sealwire::proxy
