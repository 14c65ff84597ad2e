#include "control/key_import.h"

#include <string.h>  // explicit_bzero

#include <algorithm>
#include <utility>

#include "control/rollover.h"

namespace sealwire::control {

using keycache::KeyRecord;
using keycache::Role;
using keycache::ZoneKeyRecord;

ImportedKey::~ImportedKey() {
  explicit_bzero(source.data(), source.size());
}

namespace {

Status Import(ZoneKeyRecord& record, const ImportedKey& key, KeyMaker& maker, std::int64_t now) {
  if (Status done = maker.ImportKey(record, key.role, key.source, static_cast<std::uint32_t>(now));
      !done.ok()) {
    return done;
  }
  const std::uint16_t key_tag = record.keys.back().key_tag;
  if (key.key_tag && *key.key_tag != key_tag) {
    return Error{"the key's tag is " + std::to_string(key_tag) + " as a " +
                 std::string(ToText(key.role)) + ", not " + std::to_string(*key.key_tag) +
                 ": is it of this role?"};
  }
  record.keys.back().published = true;
  // A KSK signs from the start: whoever comes by its DS must find its signature in every cache.
  record.keys.back().signing = key.role == Role::kKsk;
  return Status::Ok();
}

}  // namespace

Result<ZoneKeyRecord> ImportFirstKeys(const dns::Name& apex, const ImportedKeys& keys,
                                      KeyMaker& maker, std::int64_t now) {
  const auto count = [&keys](Role role) {
    return std::count_if(keys.begin(), keys.end(),
                         [role](const ImportedKey& key) { return key.role == role; });
  };
  if (count(Role::kKsk) != 1 || count(Role::kZsk) != 1) {
    return Error{
        "the zone has no keys yet: import its KSK and its ZSK together, for a signature by a new "
        "ZSK is refused by whoever has the old DNSKEY RRset cached"};
  }
  ZoneKeyRecord record;
  record.apex = apex.Lowered();
  for (const Role role : {Role::kKsk, Role::kZsk}) {
    const auto key = std::find_if(keys.begin(), keys.end(),
                                  [role](const ImportedKey& each) { return each.role == role; });
    if (Status done = Import(record, *key, maker, now); !done.ok()) return Error{done.error()};
    KeyRecord& added = record.keys.back();
    added.signing = true;
    added.signing_since = static_cast<std::uint32_t>(now);
    added.wants_ds = role == Role::kKsk;
  }
  if (Status done = maker.SignAhead(record, static_cast<std::uint32_t>(now)); !done.ok()) {
    return Error{done.error()};
  }
  return record;
}

Status ImportStandbyKeys(ZoneKeyRecord& record, const ImportedKeys& keys, KeyMaker& maker,
                         std::int64_t now) {
  ZoneKeyRecord changed = record;
  for (const ImportedKey& key : keys) {
    if (StandbyOf(changed, key.role) != nullptr) {
      return Error{"a " + std::string(ToText(key.role)) +
                   " stands ready already: roll to it first, or revoke it"};
    }
    if (Status done = Import(changed, key, maker, now); !done.ok()) return done;
  }
  record = std::move(changed);
  return Status::Ok();
}

}  // namespace sealwire::control
