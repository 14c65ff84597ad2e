#include "control/etcd_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "control/etcd_records.h"

namespace sealwire::control {
namespace {

constexpr std::size_t kNamesPerValue = 3000;  // of an operation; names have up to 255 octets

class Parts {
 public:
  Parts(const std::string& base, const SqliteStore& copy) : base_(base), copy_(copy) {}

  void Remove(const std::string& name) {
    EtcdPart& part = OfZone(name);
    part.unchanged.emplace_back(Key("zones/", name), copy_.ZoneRevision(name));
    part.unchanged.emplace_back(Key("keys/", name), copy_.KeysRevision(name));
    part.removed.push_back(Key("zones/", name));
    part.removed.push_back(Key("keys/", name));
  }

  void Put(ZoneRecord& zone) {
    EtcdPart& part = OfZone(zone.name);
    part.unchanged.emplace_back(Key("zones/", zone.name), zone.revision);
    part.put.emplace_back(Key("zones/", zone.name), ZoneToEtcd(zone));
    part.zones.push_back(&zone);
  }

  void Put(Change::Keys& keys) {
    EtcdPart& part = OfZone(keys.name);
    // Keys of a zone that is not there would stay for ever.
    if (part.zones.empty()) {
      part.unchanged.emplace_back(Key("zones/", keys.name), copy_.ZoneRevision(keys.name));
    }
    part.unchanged.emplace_back(Key("keys/", keys.name), copy_.KeysRevision(keys.name));
    part.keys.push_back(&keys);
    if (keys.record.empty()) {
      part.removed.push_back(Key("keys/", keys.name));
    } else {
      part.put.emplace_back(Key("keys/", keys.name),
                            std::string(keys.record.begin(), keys.record.end()));
    }
  }

  void Put(HistoryRow& row) {
    EtcdPart& part = OfZone(row.zone);
    const unsigned slot = NextSlot(row.zone);
    const unsigned index = row_++ % 128;
    part.put.emplace_back(Key("history/", fmt::format("{}/{}", row.zone, slot)),
                          HistoryToEtcd(row, index));
    part.rows.push_back({&row, index, slot});
  }

  void Put(const Operation& operation) {
    Operation some{operation.id, operation.at, operation.enabled, {}};
    for (std::size_t from = 0; from < operation.names.size(); from += kNamesPerValue) {
      const std::size_t to = std::min(from + kNamesPerValue, operation.names.size());
      some.names.assign(operation.names.begin() + static_cast<std::ptrdiff_t>(from),
                        operation.names.begin() + static_cast<std::ptrdiff_t>(to));
      EtcdPart& part = parts_.emplace_back();
      part.what = "operation '" + operation.id + "'";
      part.expires = true;
      part.put.emplace_back(
          Key("operations/", fmt::format("{}/{}", operation.id, from / kNamesPerValue)),
          OperationToEtcd(some));
    }
  }

  void Put(const TokenRecord& token) {
    EtcdPart& part = parts_.emplace_back();
    part.what = "token '" + token.name + "'";
    part.unchanged.emplace_back(Key("tokens/", token.name), 0);
    part.put.emplace_back(Key("tokens/", token.name), TokenToEtcd(token));
  }

  void RemoveToken(const std::string& name) {
    EtcdPart& part = parts_.emplace_back();
    part.what = "token '" + name + "'";
    part.removed.push_back(Key("tokens/", name));
  }

  std::vector<EtcdPart> Take() { return std::move(parts_); }

 private:
  std::string Key(const char* kind, const std::string& name) const { return base_ + kind + name; }

  EtcdPart& OfZone(const std::string& name) {
    const auto [at, added] = of_zone_.emplace(name, parts_.size());
    if (added) parts_.emplace_back().what = "zone '" + name + "'";
    return parts_[at->second];
  }

  unsigned NextSlot(const std::string& zone) {
    const auto [at, added] = slots_.emplace(zone, 0);
    if (added) {
      const auto newest = copy_.ReadHistory(zone, 0, 1);
      at->second = newest.ok() && !newest->empty() ? SlotOf(newest->front().id) : kHistorySlots - 1;
    }
    at->second = (at->second + 1) % kHistorySlots;
    return at->second;
  }

  const std::string& base_;
  const SqliteStore& copy_;
  std::vector<EtcdPart> parts_;
  std::map<std::string, std::size_t> of_zone_;
  std::map<std::string, unsigned> slots_;
  unsigned row_ = 0;
};

}  // namespace

std::size_t EtcdPart::octets() const noexcept {
  std::size_t sum = 0;
  for (const auto& [key, revision] : unchanged) sum += key.size() + 32;
  for (const auto& [key, value] : put) sum += key.size() + value.size() + 32;
  for (const auto& key : removed) sum += key.size() + 32;
  return sum;
}

std::vector<EtcdPart> PartsOf(Change& change, const std::string& base, const SqliteStore& copy) {
  Parts parts(base, copy);
  for (const Operation& operation : change.operations) parts.Put(operation);
  for (const std::string& name : change.removed) parts.Remove(name);
  for (ZoneRecord& zone : change.put) parts.Put(zone);
  for (Change::Keys& keys : change.keys) parts.Put(keys);
  for (HistoryRow& row : change.history) parts.Put(row);
  for (const std::string& name : change.removed_tokens) parts.RemoveToken(name);
  for (const TokenRecord& token : change.tokens) parts.Put(token);
  return parts.Take();
}

}  // namespace sealwire::control
