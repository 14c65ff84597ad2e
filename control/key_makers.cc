#include "control/key_work.h"

namespace sealwire::control {

using keycache::Built;
using keycache::KeyOrder;
using keycache::KeyPolicy;
using keycache::KeyRecord;
using keycache::ZoneKeyRecord;

Result<ZoneKeyRecord> HsmKeyMaker::MakeKeys(dns::NameView apex, const KeyPolicy& policy,
                                            std::uint32_t now) {
  return cache_.MakeKeys(apex, policy, now);
}
Built HsmKeyMaker::Build(const ZoneKeyRecord& record, std::uint32_t now) {
  return cache_.Build(record, now);
}
Built HsmKeyMaker::Load(const ZoneKeyRecord& record, std::uint32_t now) {
  return cache_.Load(record, now);
}
Result<bool> HsmKeyMaker::RefreshSignatures(ZoneKeyRecord& record, std::uint32_t now) {
  return cache_.RefreshSignatures(record, now);
}
Status HsmKeyMaker::AddKey(ZoneKeyRecord& record, const KeyOrder& order, std::uint32_t now) {
  return cache_.AddKey(record, order, now);
}
Status HsmKeyMaker::ImportKey(ZoneKeyRecord& record, keycache::Role role, std::string_view source,
                              std::uint32_t now) {
  return cache_.ImportKey(record, role, source, now);
}
Status HsmKeyMaker::SignAhead(ZoneKeyRecord& record, std::uint32_t now) {
  return cache_.SignAhead(record, now);
}
Status HsmKeyMaker::DestroyKey(const KeyRecord& key) {
  return cache_.DestroyKey(key);
}
Status HsmKeyMaker::DestroyKeys(const ZoneKeyRecord& record) {
  return cache_.DestroyKeys(record);
}

namespace {
const Error kNoHsm{"no HSM is configured: add an hsm section to the configuration file"};
}  // namespace

Result<ZoneKeyRecord> NoKeyMaker::MakeKeys(dns::NameView, const KeyPolicy&, std::uint32_t) {
  return kNoHsm;
}
Built NoKeyMaker::Build(const ZoneKeyRecord&, std::uint32_t) {
  return {Built::State::kNotReady, nullptr, kNoHsm.message};
}
Result<bool> NoKeyMaker::RefreshSignatures(ZoneKeyRecord&, std::uint32_t) {
  return kNoHsm;
}
Status NoKeyMaker::AddKey(ZoneKeyRecord&, const KeyOrder&, std::uint32_t) {
  return kNoHsm;
}
Status NoKeyMaker::SignAhead(ZoneKeyRecord&, std::uint32_t) {
  return kNoHsm;
}
Status NoKeyMaker::DestroyKey(const KeyRecord&) {
  return kNoHsm;
}
Status NoKeyMaker::DestroyKeys(const ZoneKeyRecord&) {
  return kNoHsm;
}

}  // namespace sealwire::control
