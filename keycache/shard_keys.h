// The shard keys that are open: each opened once by the HSM, then held in locked memory under a
// lease.
//
// A lease that ran out is renewed by asking the HSM again, if the shard was used meanwhile; else
// the key is wiped. With the HSM away leases go on, in grace: whoever watches counts() raises the
// alarm. Threading: any control thread. No lock is held while the HSM is asked. Ownership: an
// OpenShard that is handed out stays open until it is let go. Errors: sentences.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

#include "dns/result.h"
#include "keycache/hsm_client.h"
#include "keycache/sealed_key.h"
#include "keycache/secret_memory.h"

namespace sealwire::keycache {

// The label of the wrapping key in the token.
inline constexpr std::string_view kWrappingKeyLabel = "sealwire wrapping key";

struct OpenShard {
  OpenShard(const ShardHeader& of, SecretSlot secret) : header(of), key(std::move(secret)) {}
  const ShardHeader header;
  const SecretSlot key;
  mutable std::atomic<std::uint32_t> keys{0};  // sealed or opened by this process
};

class ShardKeys {
 public:
  ShardKeys(HsmClient& hsm, std::shared_ptr<SecretPool> pool, std::uint32_t lease);

  // The shard of a sealed key. An error means that the HSM is away or does not have the wrapping
  // key.
  Result<std::shared_ptr<const OpenShard>> Open(const ShardHeader& header, std::uint32_t now);
  // A key could not be opened with it. If none ever was, the HSM may have derived another secret:
  // the next Open() asks it again.
  void Distrust(const std::shared_ptr<const OpenShard>& shard);
  // A shard with room for another key; makes the wrapping key when the token has none.
  Result<std::shared_ptr<const OpenShard>> ForSealing(std::uint32_t now);

  void Renew(std::uint32_t now);

  struct Counts {
    std::size_t open = 0;
    std::size_t in_grace = 0;
    std::int64_t grace_since = 0;
    std::uint64_t leased = 0;   // leases given, ever
    std::uint64_t renewed = 0;  // times a lease that ran out was confirmed by the HSM
    std::uint64_t ended = 0;    // leases that ran out unused: the key was wiped
  };
  Counts counts() const;

 private:
  struct Lease {
    std::shared_ptr<const OpenShard> shard;
    std::uint32_t renewed = 0;
    std::uint32_t used = 0;
    std::uint32_t grace_since = 0;  // 0: not in grace
  };

  Result<SecretSlot> AskHsm(const ShardHeader& header);
  Result<std::shared_ptr<const OpenShard>> MakeShard();
  Result<HsmKey> WrappingKey();
  std::shared_ptr<const OpenShard> Keep(std::shared_ptr<const OpenShard> shard, std::uint32_t now);

  HsmClient& hsm_;
  const std::shared_ptr<SecretPool> pool_;
  const std::uint32_t lease_;
  mutable std::mutex mutex_;  // guards leases_
  std::map<ShardHeader, Lease> leases_;
  Counts totals_;             // what only grows; guarded by mutex_
  std::mutex sealing_mutex_;  // one thread at a time makes a shard; guards sealing_
  std::shared_ptr<const OpenShard> sealing_;
};

}  // namespace sealwire::keycache
