#include "keycache/shard_keys.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <utility>
#include <vector>

#include "keycache/ecdh.h"

namespace sealwire::keycache {
namespace {

bool SameSecret(ConstSecretBytes a, ConstSecretBytes b) noexcept {
  return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

ShardKeys::ShardKeys(HsmClient& hsm, std::shared_ptr<SecretPool> pool, std::uint32_t lease)
    : hsm_(hsm), pool_(std::move(pool)), lease_(lease) {}

Result<std::shared_ptr<const OpenShard>> ShardKeys::Open(const ShardHeader& header,
                                                         std::uint32_t now) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = leases_.find(header); found != leases_.end()) {
      found->second.used = now;
      return found->second.shard;
    }
  }
  // A million zones must not each wait for a deadline while the HSM is known to be away.
  const HsmStatus hsm = hsm_.status();
  if (hsm.state == HsmState::kAway || hsm.state == HsmState::kWrongPin) {
    return Error{"the HSM is away: " + hsm.last_error};
  }
  auto key = AskHsm(header);
  if (!key) return Error{key.error()};
  return Keep(std::make_shared<const OpenShard>(header, std::move(key).value()), now);
}

Result<std::shared_ptr<const OpenShard>> ShardKeys::ForSealing(std::uint32_t now) {
  const std::lock_guard sealing(sealing_mutex_);
  if (sealing_ == nullptr || sealing_->keys >= kKeysPerShard) {
    sealing_ = nullptr;
    // A shard opened for reading may have room: a restart should not begin a new one each time.
    const std::lock_guard lock(mutex_);
    for (const auto& [header, lease] : leases_) {
      // One that opened nothing may have a wrong secret: what it sealed would be lost.
      const std::uint32_t keys = lease.shard->keys;
      if (keys != 0 && keys < kKeysPerShard) sealing_ = lease.shard;
    }
  }
  if (sealing_ == nullptr) {
    auto made = MakeShard();
    if (!made) return Error{made.error()};
    sealing_ = std::move(made).value();
  }
  return Keep(sealing_, now);
}

void ShardKeys::Distrust(const std::shared_ptr<const OpenShard>& shard) {
  const std::lock_guard lock(mutex_);
  const auto found = leases_.find(shard->header);
  if (found == leases_.end() || found->second.shard != shard || shard->keys != 0) return;
  leases_.erase(found);
}

std::shared_ptr<const OpenShard> ShardKeys::Keep(std::shared_ptr<const OpenShard> shard,
                                                 std::uint32_t now) {
  const std::lock_guard lock(mutex_);
  const auto [lease, added] = leases_.try_emplace(shard->header, Lease{shard, now, now, 0});
  lease->second.used = now;
  if (added) ++totals_.leased;
  return lease->second.shard;
}

Result<SecretSlot> ShardKeys::AskHsm(const ShardHeader& header) {
  auto ecdh = pool_->Take();
  if (!ecdh) return Error{ecdh.error()};
  auto key = pool_->Take();
  if (!key) return Error{key.error()};
  if (auto done = hsm_.Derive(header.wrapping_key, header.ephemeral, ecdh->bytes()); !done) {
    return Error{done.error()};
  }
  if (auto done = DeriveShardKey(header, std::as_const(*ecdh).bytes(), key->bytes()); !done) {
    return Error{done.error()};
  }
  return key;
}

Result<HsmKey> ShardKeys::WrappingKey() {
  auto found = hsm_.FindKeyByLabel(kWrappingKeyLabel, KeyUse::kDerive);
  if (!found) return Error{found.error()};
  if (found->has_value()) return **found;
  return hsm_.MakeKey(kWrappingKeyLabel, KeyUse::kDerive);
}

Result<std::shared_ptr<const OpenShard>> ShardKeys::MakeShard() {
  auto wrapping = WrappingKey();
  if (!wrapping) return Error{wrapping.error()};
  ShardHeader header;
  header.wrapping_key = wrapping->id;
  if (RAND_bytes(header.shard.data(), static_cast<int>(header.shard.size())) != 1) {
    return Error{"no random octets"};
  }
  auto ecdh = pool_->Take();
  if (!ecdh) return Error{ecdh.error()};
  auto key = pool_->Take();
  if (!key) return Error{key.error()};
  if (auto done = MakeEphemeral(wrapping->public_key, header.ephemeral, ecdh->bytes()); !done) {
    return Error{done.error()};
  }
  if (auto done = DeriveShardKey(header, std::as_const(*ecdh).bytes(), key->bytes()); !done) {
    return Error{done.error()};
  }
  // Nothing is sealed that the HSM has not shown it can open.
  auto opened = AskHsm(header);
  if (!opened) return Error{opened.error()};
  if (!SameSecret(opened->bytes(), key->bytes())) {
    return Error{"the HSM derives another secret than its wrapping key should"};
  }
  return std::shared_ptr<const OpenShard>(
      std::make_shared<const OpenShard>(header, std::move(key).value()));
}

void ShardKeys::Renew(std::uint32_t now) {
  std::vector<std::shared_ptr<const OpenShard>> due;
  {
    const std::lock_guard lock(mutex_);
    for (auto entry = leases_.begin(); entry != leases_.end();) {
      Lease& lease = entry->second;
      const bool ran_out = now - lease.renewed >= lease_;
      const bool unused = lease.shard.use_count() == 1 && now - lease.used >= lease_;
      if (ran_out && unused) {
        entry = leases_.erase(entry);
        ++totals_.ended;
        continue;
      }
      if (ran_out) due.push_back(lease.shard);
      ++entry;
    }
  }
  for (const auto& shard : due) {
    const HsmState state = hsm_.status().state;
    bool confirmed = false;
    if (state == HsmState::kUp || state == HsmState::kStarting) {
      const auto key = AskHsm(shard->header);
      confirmed = key.ok() && SameSecret(key->bytes(), shard->key.bytes());
    }
    const std::lock_guard lock(mutex_);
    const auto found = leases_.find(shard->header);
    if (found == leases_.end()) continue;
    Lease& lease = found->second;
    if (confirmed) {
      lease.renewed = now;
      lease.grace_since = 0;
      ++totals_.renewed;
    } else if (lease.grace_since == 0) {
      lease.grace_since = now;
    }
  }
}

ShardKeys::Counts ShardKeys::counts() const {
  const std::lock_guard lock(mutex_);
  Counts counts = totals_;
  counts.open = leases_.size();
  for (const auto& [header, lease] : leases_) {
    if (lease.grace_since == 0) continue;
    counts.in_grace += 1;
    if (counts.grace_since == 0 || lease.grace_since < counts.grace_since) {
      counts.grace_since = lease.grace_since;
    }
  }
  return counts;
}

}  // namespace sealwire::keycache
