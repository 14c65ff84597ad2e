// Makes a zone's keys, opens them, and has their RRsets signed ahead of time.
//
// The HSM is needed to make keys, to open a shard of sealed keys for the first time, and to sign
// key RRsets again every week or so; never to answer a query. What is open stays open while the HSM
// is away. After a restart with the HSM away a zone's keys cannot be opened yet: Build() says
// kNotReady and is to be called again.
//
// Threading: any control thread; calls may block for the HSM's deadline. Ownership: snapshots are
// shared and keep their secret alive. Time is given by the caller in seconds since 1970.
// RFC: 4034, 6605, 6781 (tag collisions), 7344, 8078, 8080.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dns/name.h"
#include "dns/result.h"
#include "keycache/hsm_client.h"
#include "keycache/secret_memory.h"
#include "keycache/zone_key_record.h"
#include "keycache/zone_keys.h"

namespace sealwire::keycache {

struct KeyCacheOptions {
  std::size_t max_secrets = 4u << 20;
  std::uint32_t shard_lease = 86400;  // seconds until an open shard key asks the HSM again
};

// What the keys of a zone are, and where they are made.
struct KeyPolicy {
  KeyHome ksk = KeyHome::kHsm;
  KeyHome zsk = KeyHome::kSealed;
  std::uint8_t algorithm = signer::kAlgorithmP256;
  bool csk = false;  // one key signs all
};

// A key to be made.
struct KeyOrder {
  Role role = Role::kZsk;
  KeyHome home = KeyHome::kSealed;
  std::uint8_t algorithm = signer::kAlgorithmP256;
  bool signs_data = false;  // of a KSK
  std::uint8_t set = 0;
};
// The keys of a whole set, in order: a KSK and a ZSK, or one that is both.
std::vector<KeyOrder> OrdersFor(const KeyPolicy& policy, std::uint8_t set);

struct Built {
  enum class State : std::uint8_t {
    kReady,
    kNotReady,  // the HSM is away and the key is not open: try again
    kRefused,   // the record is wrong: no repetition helps
  };
  State state = State::kNotReady;
  std::shared_ptr<const ZoneKeys> keys;  // when kReady
  std::string reason;                    // when not
};

struct KeyCacheStatus {
  std::size_t open_shards = 0;
  std::size_t shards_in_grace = 0;  // alarm: leases that ran out while the HSM was away
  std::int64_t grace_since = 0;     // seconds since 1970; 0: none
  std::uint64_t leases = 0;         // of shards, given ever
  std::uint64_t leases_renewed = 0;
  std::uint64_t leases_ended = 0;  // they ran out unused, and the shard key was wiped
  SecretPool::Usage secrets;
};

class KeyCache {
 public:
  // `hsm` must outlive the cache.
  KeyCache(HsmClient& hsm, const KeyCacheOptions& options);
  ~KeyCache();
  KeyCache(const KeyCache&) = delete;
  KeyCache& operator=(const KeyCache&) = delete;

  // A set of keys with different key tags, the key RRsets signed ahead. The record must be
  // stored before anything of it is published. When this fails nothing is left in the token.
  Result<ZoneKeyRecord> MakeKeys(dns::NameView apex, const KeyPolicy& policy, std::uint32_t now);

  // Opens the ZSK, or the two that sign while all keys are replaced: checks that the recomputed
  // public half is the record's, that one of them stands in the DNSKEY RRset, and that a prepared
  // signature of each KSK is valid now.
  Built Load(const ZoneKeyRecord& record, std::uint32_t now);
  // Load(), and proof of all of it: each ZSK makes a signature that verifies, and so do those that
  // were prepared. For records that changed; whoever stores one has it built first.
  Built Build(const ZoneKeyRecord& record, std::uint32_t now);

  // Signs the key RRsets anew when half of their time is over (see RefreshDue). True: the record
  // changed and must be stored; false: it was not yet time.
  Result<bool> RefreshSignatures(ZoneKeyRecord& record, std::uint32_t now);
  // Changes what the parent is told, and signs. On an error the record is unchanged.
  Status SetCds(ZoneKeyRecord& record, CdsPublication cds, std::uint32_t now);

  // Makes a key that is neither published nor signs yet, with a tag that no key of the record has,
  // published or not, ours or foreign. The record must be stored before it is published.
  Status AddKey(ZoneKeyRecord& record, const KeyOrder& order, std::uint32_t now);
  // The same with a key that was made elsewhere: `source` is a private key as text
  // (keycache/private_key.h), which is sealed, or a pkcs11: URI of a KSK that stays where it is.
  // Refused when its tag is taken.
  Status ImportKey(ZoneKeyRecord& record, Role role, std::string_view source, std::uint32_t now);
  // Signs the key RRsets as they are in the record now. On an error the record is unchanged.
  Status SignAhead(ZoneKeyRecord& record, std::uint32_t now);
  // Destroys one key in the token; of a sealed key nothing is left when the record forgets it.
  Status DestroyKey(const KeyRecord& key);

  // Destroys the record's keys in the token. Sealed keys end when the record is forgotten.
  Status DestroyKeys(const ZoneKeyRecord& record);

  // To be called every minute or so: renews leases that ran out. With the HSM away they go on, in
  // grace, and status() raises the alarm.
  void Maintain(std::uint32_t now);
  KeyCacheStatus status() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// When the record's signatures end that end first of all RRsets: until then no HSM is needed.
// 0 when an RRset has none.
std::uint32_t PreparedUntil(const ZoneKeyRecord& record) noexcept;
// When that is renewed, in seconds since 1970; 0: at once.
std::uint32_t RefreshAt(const ZoneKeyRecord& record) noexcept;
// Half of the prepared time is over, the hour within a day chosen by the apex so that zones do not
// come together.
bool RefreshDue(const ZoneKeyRecord& record, std::uint32_t now) noexcept;

}  // namespace sealwire::keycache
