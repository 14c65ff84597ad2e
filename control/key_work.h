// What is done to a zone's keys, in one step that may be repeated: make them when there are none,
// carry out a command, move rollovers on, tell the parent what it should see, sign the key RRsets
// again when it is time, open them.
//
// Nothing that a key work gives is published before it is stored, and a step that the key cache
// could not open keys for is not taken at all. Threading: blocks for the HSM; never in the control
// thread. Ownership: values. Errors: `problem`; a zone whose keys open goes on being signed
// although the HSM could not do the rest.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "control/rollover.h"
#include "dns/name.h"
#include "keycache/key_cache.h"

namespace sealwire::control {

// The part of keycache::KeyCache that is used here. Times are seconds since 1970.
class KeyMaker {
 public:
  virtual ~KeyMaker() = default;
  virtual Result<keycache::ZoneKeyRecord> MakeKeys(dns::NameView apex,
                                                   const keycache::KeyPolicy& policy,
                                                   std::uint32_t now) = 0;
  virtual keycache::Built Build(const keycache::ZoneKeyRecord& record, std::uint32_t now) = 0;
  // Build() for a record as it was stored.
  virtual keycache::Built Load(const keycache::ZoneKeyRecord& record, std::uint32_t now) {
    return Build(record, now);
  }
  virtual Result<bool> RefreshSignatures(keycache::ZoneKeyRecord& record, std::uint32_t now) = 0;
  virtual Status AddKey(keycache::ZoneKeyRecord& record, const keycache::KeyOrder& order,
                        std::uint32_t now) = 0;
  virtual Status ImportKey(keycache::ZoneKeyRecord&, keycache::Role, std::string_view,
                           std::uint32_t) {
    return Error{"no HSM is configured that keys could be sealed with"};
  }
  virtual Status SignAhead(keycache::ZoneKeyRecord& record, std::uint32_t now) = 0;
  virtual Status DestroyKey(const keycache::KeyRecord& key) = 0;
  virtual Status DestroyKeys(const keycache::ZoneKeyRecord& record) = 0;
};

class HsmKeyMaker : public KeyMaker {
 public:
  // `cache` must outlive it.
  explicit HsmKeyMaker(keycache::KeyCache& cache) : cache_(cache) {}
  Result<keycache::ZoneKeyRecord> MakeKeys(dns::NameView apex, const keycache::KeyPolicy& policy,
                                           std::uint32_t now) override;
  keycache::Built Build(const keycache::ZoneKeyRecord& record, std::uint32_t now) override;
  keycache::Built Load(const keycache::ZoneKeyRecord& record, std::uint32_t now) override;
  Result<bool> RefreshSignatures(keycache::ZoneKeyRecord& record, std::uint32_t now) override;
  Status AddKey(keycache::ZoneKeyRecord& record, const keycache::KeyOrder& order,
                std::uint32_t now) override;
  Status ImportKey(keycache::ZoneKeyRecord& record, keycache::Role role, std::string_view source,
                   std::uint32_t now) override;
  Status SignAhead(keycache::ZoneKeyRecord& record, std::uint32_t now) override;
  Status DestroyKey(const keycache::KeyRecord& key) override;
  Status DestroyKeys(const keycache::ZoneKeyRecord& record) override;

 private:
  keycache::KeyCache& cache_;
};

// For a daemon without an `hsm` section: every call says so.
class NoKeyMaker : public KeyMaker {
 public:
  Result<keycache::ZoneKeyRecord> MakeKeys(dns::NameView apex, const keycache::KeyPolicy& policy,
                                           std::uint32_t now) override;
  keycache::Built Build(const keycache::ZoneKeyRecord& record, std::uint32_t now) override;
  Result<bool> RefreshSignatures(keycache::ZoneKeyRecord& record, std::uint32_t now) override;
  Status AddKey(keycache::ZoneKeyRecord& record, const keycache::KeyOrder& order,
                std::uint32_t now) override;
  Status SignAhead(keycache::ZoneKeyRecord& record, std::uint32_t now) override;
  Status DestroyKey(const keycache::KeyRecord& key) override;
  Status DestroyKeys(const keycache::ZoneKeyRecord& record) override;
};

// What is to be done besides what the state asks for. An error leaves the record as it was.
using KeyCommand =
    std::function<Status(keycache::ZoneKeyRecord& record, KeyMaker& maker, std::int64_t now)>;

// How the first keys of a zone come about, signed ahead.
using FirstKeys = std::function<Result<keycache::ZoneKeyRecord>(KeyMaker& maker, std::int64_t now)>;

struct KeyWorkOrder {
  dns::Name apex;
  std::vector<std::uint8_t> encoded;  // the record; empty when the zone has no keys yet
  keycache::CdsPublication cds = keycache::CdsPublication::kNone;
  KeyLife life;
  RollFacts facts;
  KeyCommand command;      // null: none
  FirstKeys first;         // null: made, when the zone has none
  bool open_only = false;  // another node of the fleet does the rest
};

// A line of the zone's history.
struct KeyNote {
  std::string what;  // "rollover-started", "rollover-step", "rollover-done", …
  std::string detail;
};

struct KeyWorkResult {
  std::vector<std::uint8_t>
      changed;  // the encoded record, when it must be stored; empty: unchanged
  std::shared_ptr<const keycache::ZoneKeys> keys;                  // null: they could not be opened
  keycache::CdsPublication cds = keycache::CdsPublication::kNone;  // as published by `keys`
  std::string problem;                                             // what failed; empty: nothing
  std::string refused;                    // why the command was not carried out; empty: it was
  bool republish = false;                 // what is published changed
  bool reopened = false;                  // another node changed what is published
  std::vector<KeyNote> notes;             // to be stored with `changed`
  std::vector<keycache::KeyRecord> made;  // keys that `changed` has and the record had not
  bool awaits_workers = false;            // to be repeated when every worker answers from this
  bool awaits_parent = false;             // to be repeated after each look at the parent
  std::int64_t look_at = 0;               // to be repeated then; 0: no time is known
  std::int64_t refresh_at = 0;            // the key RRsets are to be signed anew then
};

KeyWorkResult BringKeysUpToDate(KeyMaker& maker, const KeyWorkOrder& order, std::int64_t now);

}  // namespace sealwire::control
