// What is done to a zone's keys, in one step that may be repeated: make them when there are none,
// tell the parent what it should see, sign the key RRsets again when it is time, open them.
//
// Threading: blocks for the HSM; never in the control thread. Ownership: values. Errors: `problem`;
// a zone whose keys open goes on being signed although the HSM could not do the rest.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dns/name.h"
#include "keycache/key_cache.h"

namespace sealwire::control {

// The part of keycache::KeyCache that is used here. Times are seconds since 1970.
class KeyMaker {
 public:
  virtual ~KeyMaker() = default;
  virtual Result<keycache::ZoneKeyRecord> MakeKeys(dns::NameView apex, std::uint32_t now) = 0;
  virtual keycache::Built Build(const keycache::ZoneKeyRecord& record, std::uint32_t now) = 0;
  virtual Result<bool> RefreshSignatures(keycache::ZoneKeyRecord& record, std::uint32_t now) = 0;
  virtual Status SetCds(keycache::ZoneKeyRecord& record, keycache::CdsPublication cds,
                        std::uint32_t now) = 0;
  virtual Status DestroyKeys(const keycache::ZoneKeyRecord& record) = 0;
};

class HsmKeyMaker : public KeyMaker {
 public:
  // `cache` must outlive it.
  explicit HsmKeyMaker(keycache::KeyCache& cache) : cache_(cache) {}
  Result<keycache::ZoneKeyRecord> MakeKeys(dns::NameView apex, std::uint32_t now) override;
  keycache::Built Build(const keycache::ZoneKeyRecord& record, std::uint32_t now) override;
  Result<bool> RefreshSignatures(keycache::ZoneKeyRecord& record, std::uint32_t now) override;
  Status SetCds(keycache::ZoneKeyRecord& record, keycache::CdsPublication cds,
                std::uint32_t now) override;
  Status DestroyKeys(const keycache::ZoneKeyRecord& record) override;

 private:
  keycache::KeyCache& cache_;
};

// For a daemon without an `hsm` section: every call says so.
class NoKeyMaker : public KeyMaker {
 public:
  Result<keycache::ZoneKeyRecord> MakeKeys(dns::NameView apex, std::uint32_t now) override;
  keycache::Built Build(const keycache::ZoneKeyRecord& record, std::uint32_t now) override;
  Result<bool> RefreshSignatures(keycache::ZoneKeyRecord& record, std::uint32_t now) override;
  Status SetCds(keycache::ZoneKeyRecord& record, keycache::CdsPublication cds,
                std::uint32_t now) override;
  Status DestroyKeys(const keycache::ZoneKeyRecord& record) override;
};

struct KeyWorkResult {
  std::vector<std::uint8_t>
      changed;  // the encoded record, when it must be stored; empty: unchanged
  std::shared_ptr<const keycache::ZoneKeys> keys;                  // null: they could not be opened
  keycache::CdsPublication cds = keycache::CdsPublication::kNone;  // as published by `keys`
  std::string problem;                                             // what failed; empty: nothing
};

// `encoded` is empty when the zone has no keys yet.
KeyWorkResult BringKeysUpToDate(KeyMaker& maker, const dns::Name& apex,
                                const std::vector<std::uint8_t>& encoded,
                                keycache::CdsPublication wanted, std::uint32_t now);

}  // namespace sealwire::control
