#include "keycache/key_cache.h"

#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "keycache/key_signatures.h"
#include "keycache/opened_keys.h"
#include "keycache/pkcs11_uri.h"
#include "keycache/private_key.h"
#include "keycache/shard_keys.h"
#include "signer/algorithm.h"
#include "signer/rrsig.h"
#include "signer/sha256.h"

namespace sealwire::keycache {
namespace {

constexpr int kTriesForTag = 64;

SealedKeyContext ContextOf(dns::NameView apex, const KeyRecord& key) noexcept {
  return {apex, key.role, key.key_tag, key.public_key, key.algorithm};
}

Built Refused(std::string reason) {
  return {Built::State::kRefused, nullptr, std::move(reason)};
}
Built NotReady(std::string reason) {
  return {Built::State::kNotReady, nullptr, std::move(reason)};
}

}  // namespace

class KeyCache::Impl {
 public:
  Impl(HsmClient& hsm, const KeyCacheOptions& options)
      : hsm_(hsm),
        pool_(SecretPool::Make(options.max_secrets)),
        shards_(hsm, pool_, options.shard_lease) {
    if (RAND_bytes(id_secret_.data(), static_cast<int>(id_secret_.size())) != 1) id_secret_.fill(0);
  }

  Status AddKey(ZoneKeyRecord& record, const KeyOrder& order, std::uint32_t now);
  Status ImportKey(ZoneKeyRecord& record, Role role, std::string_view source, std::uint32_t now);
  Status SignAhead(ZoneKeyRecord& record, std::uint32_t now);
  Built Load(const ZoneKeyRecord& record, std::uint32_t now);
  Built Build(const ZoneKeyRecord& record, std::uint32_t now);
  Status DestroyKey(const KeyRecord& key);
  Status DestroyKeys(const ZoneKeyRecord& record);

  HsmClient& hsm_;
  const std::shared_ptr<SecretPool> pool_;
  ShardKeys shards_;

 private:
  // Why a scalar could not be had, and whether a repetition may help.
  struct Opened {
    std::shared_ptr<const SecretSlot> slot;
    bool away = false;
    std::string reason;
  };

  // Whether every key RRset has a signature that is valid now of each KSK that signs; `proved`: and
  // that verifies.
  Built CheckPrepared(const ZoneKeyRecord& record, std::uint32_t now, bool proved) const;
  Result<KeyRecord> MakeHsmKey(const ZoneKeyRecord& record, KeyRecord key);
  Result<KeyRecord> MakeSealedKey(const ZoneKeyRecord& record, KeyRecord key, std::uint32_t now);
  // Fills in where the key is and its public half.
  Status FindImported(KeyRecord& key, std::string_view uri);
  Status SealImported(const ZoneKeyRecord& record, KeyRecord& key, std::string_view text,
                      std::uint32_t now);
  Opened OpenKey(dns::NameView apex, const KeyRecord& key, std::uint32_t now);
  Result<signer::SignatureOctets> SignWith(dns::NameView apex, const KeyRecord& key,
                                           dns::Bytes message, std::uint32_t now);
  Built OpenZsk(dns::NameView apex, const KeyRecord& key, std::uint32_t now,
                signer::SigningKey& signing, std::shared_ptr<const SecretSlot>& slot);
  std::uint64_t SigningId(dns::NameView apex, const signer::PublicOctets& key) const noexcept;

  OpenedKeys opened_;
  std::array<std::uint8_t, 32> id_secret_{};
};

Status KeyCache::Impl::AddKey(ZoneKeyRecord& record, const KeyOrder& order, std::uint32_t now) {
  if (record.keys.size() >= kMaxKeysPerZone) return Error{"the zone has too many keys"};
  KeyRecord key;
  key.role = order.role;
  key.home = order.home;
  key.algorithm = order.algorithm;
  key.signs_data = order.signs_data;
  key.set = order.set;
  key.created = now;
  key.published = key.signing = key.wants_ds = false;
  auto made = key.home == KeyHome::kHsm ? MakeHsmKey(record, key) : MakeSealedKey(record, key, now);
  if (!made) return Error{made.error()};
  record.keys.push_back(std::move(made).value());
  return Status::Ok();
}

Result<KeyRecord> KeyCache::Impl::MakeHsmKey(const ZoneKeyRecord& record, KeyRecord key) {
  if (key.algorithm != signer::kAlgorithmP256) {
    return Error{"the HSM makes keys of algorithm 13 only: a key of " +
                 std::string(signer::AlgorithmName(key.algorithm)) + " must be sealed"};
  }
  for (int tries = 0; tries < kTriesForTag; ++tries) {
    auto made = hsm_.MakeKey(record.apex.ToText(), KeyUse::kSign);
    if (!made) return Error{made.error()};
    key.hsm_id = made->id;
    key.public_key = made->public_key;
    key.key_tag = signer::KeyTag(key.Dnskey());
    if (!record.HasTag(key.key_tag)) return key;
    // Validators tell keys apart by tag alone until they try them: two alike cost them work, and
    // have cost others their zone.
    if (Status done = hsm_.DestroyKey(made->id); !done) return Error{done.error()};
  }
  return Error{"no key with a free key tag was found"};
}

Result<KeyRecord> KeyCache::Impl::MakeSealedKey(const ZoneKeyRecord& record, KeyRecord key,
                                                std::uint32_t now) {
  auto shard = shards_.ForSealing(now);
  if (!shard) return Error{shard.error()};
  auto scalar = pool_->Take();
  if (!scalar) return Error{scalar.error()};
  for (int tries = 0; tries < kTriesForTag; ++tries) {
    if (!signer::MakeKeyPair(key.algorithm, scalar->bytes(), key.public_key)) {
      return Error{"OpenSSL made no key pair"};
    }
    key.key_tag = signer::KeyTag(key.Dnskey());
    if (record.HasTag(key.key_tag)) continue;
    auto sealed = Seal((*shard)->header, (*shard)->key.bytes(), ContextOf(record.apex, key),
                       std::as_const(*scalar).bytes());
    if (!sealed) return Error{sealed.error()};
    key.sealed = *sealed;
    (*shard)->keys += 1;
    return key;
  }
  return Error{"no key with a free key tag was found"};
}

Status KeyCache::Impl::ImportKey(ZoneKeyRecord& record, Role role, std::string_view source,
                                 std::uint32_t now) {
  if (record.keys.size() >= kMaxKeysPerZone) return Error{"the zone has too many keys"};
  KeyRecord key;
  // Every RRset would need a signature of its algorithm too (RFC 4035 section 2.2).
  for (const KeyRecord& other : record.keys) {
    if (other.algorithm != key.algorithm || other.signs_data) {
      return Error{"the zone is signed by one key, or not with algorithm 13: no key can join it"};
    }
    if (other.signing) key.set = other.set;
  }
  key.role = role;
  key.created = now;
  key.published = key.signing = key.wants_ds = false;
  const Status done = source.starts_with("pkcs11:") ? FindImported(key, source)
                                                    : SealImported(record, key, source, now);
  if (!done) return done;
  if (record.HasTag(key.key_tag)) {
    return Error{"the zone has a key with the tag " + std::to_string(key.key_tag) +
                 " already: one of the two must be rolled first"};
  }
  record.keys.push_back(std::move(key));
  return Status::Ok();
}

Status KeyCache::Impl::FindImported(KeyRecord& key, std::string_view uri) {
  if (key.role != Role::kKsk) return Error{"a ZSK in the HSM cannot answer queries"};
  const auto named = ParsePkcs11Uri(uri);
  if (!named) return Error{"the pkcs11: URI names no key by object or id"};
  Result<std::optional<HsmKey>> found = std::optional<HsmKey>();
  if (named->id.size() == sizeof(KeyId)) {
    KeyId id;
    std::copy(named->id.begin(), named->id.end(), id.begin());
    found = hsm_.FindKey(id);
  } else if (named->id.empty()) {
    found = hsm_.FindKeyByLabel(named->object, KeyUse::kSign);
  }
  if (!found) return Error{found.error()};
  if (!found->has_value()) {
    return Error{"no token has this key as a P-256 pair with an id of 16 octets"};
  }
  key.home = KeyHome::kHsm;
  key.hsm_id = (*found)->id;
  key.public_key = (*found)->public_key;
  key.key_tag = signer::KeyTag(key.Dnskey());
  // The client verifies what it gets: the two halves are a pair, and it may sign.
  const auto signature = hsm_.Sign(**found, signer::Sha256::Hash(key.public_key));
  return signature ? Status::Ok() : Status(Error{signature.error()});
}

Status KeyCache::Impl::SealImported(const ZoneKeyRecord& record, KeyRecord& key,
                                    std::string_view text, std::uint32_t now) {
  auto scalar = pool_->Take();
  if (!scalar) return Error{scalar.error()};
  if (Status read = ReadPrivateKey(text, scalar->bytes()); !read) return read;
  if (!signer::PublicHalf(key.algorithm, std::as_const(*scalar).bytes(), key.public_key)) {
    return Error{"OpenSSL finds no public half for the private key"};
  }
  key.home = KeyHome::kSealed;
  key.key_tag = signer::KeyTag(key.Dnskey());
  auto shard = shards_.ForSealing(now);
  if (!shard) return Error{shard.error()};
  auto sealed = Seal((*shard)->header, (*shard)->key.bytes(), ContextOf(record.apex, key),
                     std::as_const(*scalar).bytes());
  if (!sealed) return Error{sealed.error()};
  key.sealed = *sealed;
  (*shard)->keys += 1;
  return Status::Ok();
}

KeyCache::Impl::Opened KeyCache::Impl::OpenKey(dns::NameView apex, const KeyRecord& key,
                                               std::uint32_t now) {
  if (auto slot = opened_.Find(key.public_key)) return {std::move(slot), false, {}};
  auto shard = shards_.Open(key.sealed.header, now);
  if (!shard) return {nullptr, true, shard.error()};
  auto scalar = pool_->Take();
  if (!scalar) return {nullptr, true, scalar.error()};
  if (Status done = Open(key.sealed, (*shard)->key.bytes(), ContextOf(apex, key), scalar->bytes());
      !done) {
    shards_.Distrust(*shard);
    return {nullptr, false, done.error()};
  }
  (*shard)->keys += 1;
  auto slot = std::make_shared<const SecretSlot>(std::move(scalar).value());
  return {opened_.Add(key.public_key, std::move(slot)), false, {}};
}

Result<signer::SignatureOctets> KeyCache::Impl::SignWith(dns::NameView apex, const KeyRecord& key,
                                                         dns::Bytes message, std::uint32_t now) {
  if (key.home == KeyHome::kHsm) {
    const auto made =
        hsm_.Sign({key.hsm_id, key.public_key.First<64>()}, signer::Sha256::Hash(message));
    if (!made) return Error{made.error()};
    return signer::SignatureOctets(*made);
  }
  const Opened opened = OpenKey(apex, key, now);
  if (opened.slot == nullptr) return Error{opened.reason};
  signer::SignatureOctets signature;
  if (!signer::SignMessage(key.algorithm, opened.slot->bytes(), message, signature) ||
      !signer::VerifyMessage(key.algorithm, key.public_key, message, signature)) {
    return Error{"the sealed key made no signature that verifies"};
  }
  return signature;
}

Status KeyCache::Impl::SignAhead(ZoneKeyRecord& record, std::uint32_t now) {
  auto prepared = PrepareSignatures(record, now, [&](const KeyRecord& key, dns::Bytes signed_data) {
    return SignWith(record.apex, key, signed_data, now);
  });
  if (!prepared) return Error{prepared.error()};
  record.prepared = std::move(prepared).value();
  return Status::Ok();
}

Built KeyCache::Impl::CheckPrepared(const ZoneKeyRecord& record, std::uint32_t now,
                                    bool proved) const {
  for (const dns::RRset& rrset : KeyRRsets(record)) {
    for (const KeyRecord& signing : record.keys) {
      if (!SignsAhead(signing, rrset.type())) continue;
      const PreparedSignature* serving = FindPreparedBy(record, signing.key_tag, rrset.type(), now);
      if (serving == nullptr) {
        return NotReady("no signature over the " + dns::ToText(rrset.type()) +
                        " RRset is valid now: the HSM must sign it again");
      }
      if (proved && !Covers(record, rrset, *serving)) {
        return Refused("the signature over the " + dns::ToText(rrset.type()) +
                       " RRset does not verify");
      }
    }
  }
  return {Built::State::kReady, nullptr, {}};
}

Built KeyCache::Impl::OpenZsk(dns::NameView apex, const KeyRecord& key, std::uint32_t now,
                              signer::SigningKey& signing,
                              std::shared_ptr<const SecretSlot>& slot) {
  if (key.home != KeyHome::kSealed) return Refused("a ZSK in the HSM cannot answer queries");
  Opened opened = OpenKey(apex, key, now);
  if (opened.slot == nullptr) {
    return opened.away ? NotReady(std::move(opened.reason)) : Refused(std::move(opened.reason));
  }
  signer::PublicOctets recomputed;
  if (!signer::PublicHalf(key.algorithm, opened.slot->bytes(), recomputed) ||
      recomputed != key.public_key) {
    return Refused("the sealed ZSK is not the one that is published");
  }
  signing = {opened.slot->data(), SigningId(apex, key.public_key), key.key_tag, key.algorithm};
  slot = std::move(opened.slot);
  return {Built::State::kReady, nullptr, {}};
}

Built KeyCache::Impl::Load(const ZoneKeyRecord& record, std::uint32_t now) {
  const KeyRecord* first = record.SigningKeyOf(Role::kZsk);
  if (first == nullptr) return Refused("the zone has no published ZSK that signs");
  const KeyRecord* other = nullptr;
  for (const KeyRecord& key : record.keys) {
    if (!key.IsZsk() || !key.signing || &key == first) continue;
    if (other != nullptr || record.WholeSetRollover() == nullptr) {
      return Refused("the zone has more ZSKs that sign than its rollover asks for");
    }
    other = &key;
  }
  if (Built checked = CheckPrepared(record, now, false); checked.state != Built::State::kReady) {
    return checked;
  }
  auto keys = std::make_shared<ZoneKeys>();
  keys->apex = record.apex;
  keys->dnskey = record.DnskeyRRset();
  keys->cds = record.CdsRRset();
  keys->cdnskey = record.CdnskeyRRset();
  keys->prepared = record.prepared;
  Built opened = OpenZsk(record.apex, *first, now, keys->zsk, keys->zsk_slot);
  if (opened.state == Built::State::kReady && other != nullptr) {
    opened = OpenZsk(record.apex, *other, now, keys->other_zsk, keys->other_slot);
  }
  if (opened.state != Built::State::kReady) return opened;
  return {Built::State::kReady, std::move(keys), {}};
}

Built KeyCache::Impl::Build(const ZoneKeyRecord& record, std::uint32_t now) {
  if (Built faulty = CheckPrepared(record, now, true); faulty.state != Built::State::kReady) {
    return faulty;
  }
  Built built = Load(record, now);
  if (built.state != Built::State::kReady) return built;
  for (const KeyRecord& key : record.keys) {
    if (!key.IsZsk() || !key.signing) continue;
    if (auto signature = SignWith(record.apex, key, record.apex.wire(), now); !signature) {
      return Refused(signature.error());
    }
  }
  return built;
}

std::uint64_t KeyCache::Impl::SigningId(dns::NameView apex,
                                        const signer::PublicOctets& key) const noexcept {
  signer::Sha256 hash;
  hash.Update(id_secret_);
  hash.Update(apex.wire());
  hash.Update(key);
  const signer::Digest digest = hash.Finish();
  dns::Reader in(digest);
  const std::uint64_t high = in.U32();
  return high << 32 | in.U32();
}

Status KeyCache::Impl::DestroyKey(const KeyRecord& key) {
  return key.home == KeyHome::kHsm ? hsm_.DestroyKey(key.hsm_id) : Status::Ok();
}

Status KeyCache::Impl::DestroyKeys(const ZoneKeyRecord& record) {
  for (const KeyRecord& key : record.keys) {
    if (Status done = DestroyKey(key); !done) return done;
  }
  return Status::Ok();
}

KeyCache::KeyCache(HsmClient& hsm, const KeyCacheOptions& options)
    : impl_(std::make_unique<Impl>(hsm, options)) {}
KeyCache::~KeyCache() = default;

std::vector<KeyOrder> OrdersFor(const KeyPolicy& policy, std::uint8_t set) {
  // What signs answers as they are asked for cannot be in the HSM.
  if (policy.csk) return {{Role::kKsk, KeyHome::kSealed, policy.algorithm, true, set}};
  return {{Role::kKsk, policy.ksk, policy.algorithm, false, set},
          {Role::kZsk, policy.zsk, policy.algorithm, false, set}};
}

Result<ZoneKeyRecord> KeyCache::MakeKeys(dns::NameView apex, const KeyPolicy& policy,
                                         std::uint32_t now) {
  if (policy.zsk != KeyHome::kSealed) return Error{"a ZSK in the HSM cannot answer queries"};
  ZoneKeyRecord record;
  record.apex = dns::Name(apex).Lowered();
  Status done = Status::Ok();
  for (const KeyOrder& order : OrdersFor(policy, 0)) {
    if (done) done = impl_->AddKey(record, order, now);
  }
  for (KeyRecord& key : record.keys) {
    key.published = key.signing = true;
    key.wants_ds = key.role == Role::kKsk;
    key.signing_since = now;
  }
  if (done) done = impl_->SignAhead(record, now);
  if (done) return record;
  // Best effort: with the HSM gone a key without a record stays behind, under the zone's label.
  if (Status undone = impl_->DestroyKeys(record); !undone) {
    return Error{done.error() + "; a key of " + record.apex.ToText() + " stays in the token"};
  }
  return Error{done.error()};
}

Built KeyCache::Load(const ZoneKeyRecord& record, std::uint32_t now) {
  return impl_->Load(record, now);
}

Built KeyCache::Build(const ZoneKeyRecord& record, std::uint32_t now) {
  return impl_->Build(record, now);
}

Result<bool> KeyCache::RefreshSignatures(ZoneKeyRecord& record, std::uint32_t now) {
  if (!RefreshDue(record, now)) return false;
  if (Status done = impl_->SignAhead(record, now); !done) return Error{done.error()};
  return true;
}

Status KeyCache::AddKey(ZoneKeyRecord& record, const KeyOrder& order, std::uint32_t now) {
  return impl_->AddKey(record, order, now);
}

Status KeyCache::ImportKey(ZoneKeyRecord& record, Role role, std::string_view source,
                           std::uint32_t now) {
  return impl_->ImportKey(record, role, source, now);
}

Status KeyCache::SignAhead(ZoneKeyRecord& record, std::uint32_t now) {
  return impl_->SignAhead(record, now);
}

Status KeyCache::DestroyKey(const KeyRecord& key) {
  return impl_->DestroyKey(key);
}

Status KeyCache::SetCds(ZoneKeyRecord& record, CdsPublication cds, std::uint32_t now) {
  ZoneKeyRecord changed = record;
  changed.cds = cds;
  if (Status done = impl_->SignAhead(changed, now); !done) return done;
  record = std::move(changed);
  return Status::Ok();
}

Status KeyCache::DestroyKeys(const ZoneKeyRecord& record) {
  return impl_->DestroyKeys(record);
}

void KeyCache::Maintain(std::uint32_t now) {
  impl_->shards_.Renew(now);
}

KeyCacheStatus KeyCache::status() const {
  const ShardKeys::Counts shards = impl_->shards_.counts();
  return {shards.open,    shards.in_grace, shards.grace_since,   shards.leased,
          shards.renewed, shards.ended,    impl_->pool_->usage()};
}

}  // namespace sealwire::keycache
