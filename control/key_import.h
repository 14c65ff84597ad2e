// Keys that were made elsewhere: as the first keys of a zone that moves in, or beside those it has.
//
// A zone that moves in brings the pair that signs it where it comes from, so that its DS, and
// whatever of it is cached, go on being right. Beside other keys an imported one is published like
// a standby key and comes into use by a rollover only, with all its waits (RFC 7583).
// Threading: as KeyWorkOrder's command; blocks for the HSM. Ownership: values. Errors: sentences.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "control/key_life.h"
#include "control/key_work.h"
#include "keycache/zone_key_record.h"

namespace sealwire::control {

// Wiped at its end.
struct ImportedKey {
  keycache::Role role = keycache::Role::kZsk;
  std::string source;                    // a private key as text, or a pkcs11: URI
  std::optional<std::uint16_t> key_tag;  // as it should come out

  ImportedKey() = default;
  ImportedKey(ImportedKey&&) = default;
  ImportedKey& operator=(ImportedKey&&) = delete;
  ImportedKey(const ImportedKey&) = delete;
  ImportedKey& operator=(const ImportedKey&) = delete;
  ~ImportedKey();
};
using ImportedKeys = std::vector<ImportedKey>;

// One KSK and one ZSK, in use from the start. Nothing is signed yet.
Result<keycache::ZoneKeyRecord> ImportFirstKeys(const dns::Name& apex, const ImportedKeys& keys,
                                                KeyMaker& maker, std::int64_t now);
// On an error the record is unchanged.
Status ImportStandbyKeys(keycache::ZoneKeyRecord& record, const ImportedKeys& keys, KeyMaker& maker,
                         std::int64_t now);

}  // namespace sealwire::control
