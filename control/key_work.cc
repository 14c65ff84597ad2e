#include "control/key_work.h"

namespace sealwire::control {

using keycache::Built;
using keycache::CdsPublication;
using keycache::ZoneKeyRecord;

Result<ZoneKeyRecord> HsmKeyMaker::MakeKeys(dns::NameView apex, std::uint32_t now) {
  return cache_.MakeKeys(apex, {}, now);
}
Built HsmKeyMaker::Build(const ZoneKeyRecord& record, std::uint32_t now) {
  return cache_.Build(record, now);
}
Result<bool> HsmKeyMaker::RefreshSignatures(ZoneKeyRecord& record, std::uint32_t now) {
  return cache_.RefreshSignatures(record, now);
}
Status HsmKeyMaker::SetCds(ZoneKeyRecord& record, CdsPublication cds, std::uint32_t now) {
  return cache_.SetCds(record, cds, now);
}
Status HsmKeyMaker::DestroyKeys(const ZoneKeyRecord& record) {
  return cache_.DestroyKeys(record);
}

namespace {
const Error kNoHsm{"no HSM is configured: add an hsm section to the configuration file"};
}  // namespace

Result<ZoneKeyRecord> NoKeyMaker::MakeKeys(dns::NameView, std::uint32_t) {
  return kNoHsm;
}
Built NoKeyMaker::Build(const ZoneKeyRecord&, std::uint32_t) {
  return {Built::State::kNotReady, nullptr, kNoHsm.message};
}
Result<bool> NoKeyMaker::RefreshSignatures(ZoneKeyRecord&, std::uint32_t) {
  return kNoHsm;
}
Status NoKeyMaker::SetCds(ZoneKeyRecord&, CdsPublication, std::uint32_t) {
  return kNoHsm;
}
Status NoKeyMaker::DestroyKeys(const ZoneKeyRecord&) {
  return kNoHsm;
}

KeyWorkResult BringKeysUpToDate(KeyMaker& maker, const dns::Name& apex,
                                const std::vector<std::uint8_t>& encoded, CdsPublication wanted,
                                std::uint32_t now) {
  KeyWorkResult result;
  auto record = encoded.empty() ? maker.MakeKeys(apex, now) : ZoneKeyRecord::Decode(encoded);
  if (!record.ok()) {
    result.problem = record.error();
    return result;
  }
  bool changed = encoded.empty();
  if (record->cds != wanted) {
    if (const Status status = maker.SetCds(*record, wanted, now); status.ok()) {
      changed = true;
    } else {
      result.problem = status.error();
    }
  }
  if (const auto refreshed = maker.RefreshSignatures(*record, now); refreshed.ok()) {
    changed = changed || *refreshed;
  } else {
    result.problem = refreshed.error();
  }
  if (changed) result.changed = record->Encode();
  result.cds = record->cds;
  Built built = maker.Build(*record, now);
  if (built.state == Built::State::kReady) {
    result.keys = std::move(built.keys);
  } else {
    result.problem = built.reason;
  }
  return result;
}

}  // namespace sealwire::control
