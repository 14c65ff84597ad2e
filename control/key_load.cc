#include "control/key_load.h"

#include <algorithm>
#include <utility>

#include "control/lifecycle.h"
#include "control/log.h"
#include "control/rollover.h"

namespace sealwire::control {

using keycache::Built;
using keycache::Role;
using keycache::ZoneKeyRecord;

namespace {

constexpr std::size_t kLeastPasses = 64;
constexpr std::int64_t kLongestPause = 15;
// Tables are made of many batches, for one of a million zones costs milliseconds: but at once when
// a query waits.
constexpr int kTicksPerTable = 10;

// Its keys must be open whether or not it is asked for.
bool MustBeOpen(const ZoneEntry& entry) {
  return entry.record->status == ZoneStatus::kDeploying || entry.awaits_workers ||
         entry.key_work_runs || !entry.record->backend.secondaries.empty();
}

}  // namespace

// What a batch is told of one zone, and what it finds.
struct KeyLoad::Item {
  std::uint64_t zone = 0;
  std::uint32_t key_changes = 0;
  bool open = true;  // false: only looked at
  bool called = false;
  std::vector<std::uint8_t> encoded;
  keycache::CdsPublication cds = keycache::CdsPublication::kNone;  // as it should be
  KeyLife life;
};

struct KeyLoad::Loaded {
  std::uint64_t zone = 0;
  std::uint32_t key_changes = 0;
  KeyPlace place = KeyPlace::kFailed;  // kQueued: the HSM is away
  bool called = false;
  std::shared_ptr<const keycache::ZoneKeys> keys;
  keycache::CdsPublication cds = keycache::CdsPublication::kNone;
  std::int64_t refresh_at = 0;
  std::int64_t work_at = 0;
  std::string problem;
};

KeyLoad::KeyLoad(Parts parts, Executor& work) : parts_(std::move(parts)), work_(&work) {}

void KeyLoad::Use(Executor& work, Options options) {
  work_ = &work;
  options_ = std::move(options);
}

void KeyLoad::Want(const std::string& name, ZoneEntry& entry) {
  if (entry.keys || entry.key_place == KeyPlace::kQueued) return;
  entry.key_place = KeyPlace::kQueued;
  (entry.record->ds_last_seen != 0 ? secured_ : others_).push_back(entry.record->id);
  parts_.registry.Touch(name);
  if (!std::exchange(loading_, true)) loading_since_ = parts_.now();
}

void KeyLoad::Opened(ZoneEntry& entry) {
  if (std::exchange(entry.key_place, KeyPlace::kOpen) != KeyPlace::kOpen) ++status_.open;
  if (options_.cache != 0 && !std::exchange(entry.is_at_hand, true)) {
    hand_.push_back(entry.record->id);
  }
  if (options_.asked) entry.asked_before = options_.asked(entry.audience);
}

void KeyLoad::Close(ZoneEntry& entry, KeyPlace place) {
  if (std::exchange(entry.key_place, place) == KeyPlace::kOpen) --status_.open;
  entry.keys.reset();
}

void KeyLoad::Tick() {
  TakeCalls();
  StartBatches();
  Evict();
  if (unpublished_ && (++ticks_ >= kTicksPerTable || under_way_ == 0)) Publish();
}

KeyLoadStatus KeyLoad::status() const {
  KeyLoadStatus status = status_;
  status.queued = called_.size() + secured_.size() + others_.size() + items_under_way_;
  return status;
}

bool KeyLoad::HasRoom(std::size_t more) const {
  return options_.cache == 0 || status_.open + items_under_way_ + more < options_.cache;
}

void KeyLoad::TakeCalls() {
  if (options_.calls == nullptr) return;
  while (const auto id = options_.calls->Take()) {
    ZoneEntry* entry = parts_.registry.FindById(*id);
    if (entry == nullptr || entry->keys || entry->key_place == KeyPlace::kFailed) continue;
    if (retry_at_ != 0) {
      // Nobody shall wait for what cannot be. The work on its keys tries again.
      entry->key_place = KeyPlace::kFailed;
      entry->key_problem = status_.waits_for;
      parts_.registry.Touch(entry->record->name);
      parts_.placed(entry->record->name);
      unpublished_ = true;
      continue;
    }
    entry->key_place = KeyPlace::kQueued;
    called_.push_back(*id);
  }
}

void KeyLoad::StartBatches() {
  const std::int64_t now = parts_.now();
  if (now < retry_at_) return;
  // After a failure one batch shows whether the HSM is there again.
  const std::size_t at_most = retry_at_ != 0 ? 1 : options_.batches;
  while (under_way_ < at_most) {
    std::vector<Item> items;
    Fill(items, called_, true);
    Fill(items, secured_, false);
    Fill(items, others_, false);
    if (items.empty()) break;
    ++under_way_;
    items_under_way_ += items.size();
    work_->Run([this, items = std::move(items), now]() -> Executor::Completion {
      Batch batch;
      batch.loaded.reserve(items.size());
      for (const Item& item : items) {
        batch.loaded.push_back(Load(parts_.key_maker, item, now));
        batch.called |= item.called;
      }
      return [this, batch = std::move(batch)]() mutable { Finish(std::move(batch)); };
    });
    if (now < retry_at_) return;
  }
}

void KeyLoad::Fill(std::vector<Item>& items, std::deque<std::uint64_t>& queue, bool called) {
  while (items.size() < options_.batch && !queue.empty()) {
    const std::uint64_t id = queue.front();
    queue.pop_front();
    ZoneEntry* entry = parts_.registry.FindById(id);
    if (entry == nullptr || entry->key_place != KeyPlace::kQueued) continue;
    auto encoded = parts_.registry.store().ReadKeys(entry->record->name);
    if (!encoded.ok() || encoded->empty()) {
      entry->key_place = KeyPlace::kFailed;
      entry->key_problem = encoded.ok() ? "its keys are not in the store" : encoded.error();
      parts_.placed(entry->record->name);
      continue;
    }
    Item item;
    item.zone = id;
    item.key_changes = entry->key_changes;
    item.called = called;
    item.open = called || HasRoom(items.size()) || MustBeOpen(*entry);
    item.encoded = *std::move(encoded);
    item.cds = WantedCds(*entry->record);
    item.life = parts_.life(*entry);
    items.push_back(std::move(item));
  }
}

// When there is more to do than to open the keys.
std::int64_t KeyLoad::WorkAt(const ZoneKeyRecord& record, const Item& item, std::int64_t now) {
  const bool unseen = std::any_of(record.keys.begin(), record.keys.end(), [](const auto& key) {
    return key.published && key.served_since == 0;
  });
  if (unseen || !record.rollovers.empty() || record.cds != item.cds || record.older_key_ttl != 0 ||
      record.older_zone_ttl != 0 || HasOtherTtls(record, item.life)) {
    return now;
  }
  std::int64_t first = 0;
  for (const Role role : {Role::kZsk, Role::kKsk}) {
    if (item.life.standby && StandbyOf(record, role) == nullptr) return now;
    const std::int64_t due = RolloverDue(record, role, item.life);
    if (due != 0) first = first == 0 ? due : std::min(first, due);
  }
  return first;
}

KeyLoad::Loaded KeyLoad::Load(KeyMaker& maker, const Item& item, std::int64_t now) {
  Loaded loaded;
  loaded.zone = item.zone;
  loaded.key_changes = item.key_changes;
  loaded.called = item.called;
  const auto record = ZoneKeyRecord::Decode(item.encoded);
  if (!record.ok()) {
    loaded.problem = record.error();
    return loaded;
  }
  loaded.cds = record->cds;
  loaded.refresh_at = keycache::RefreshAt(*record);
  loaded.work_at = WorkAt(*record, item, now);
  if (!item.open) {
    loaded.place = KeyPlace::kStored;
    return loaded;
  }
  Built built = maker.Load(*record, static_cast<std::uint32_t>(now));
  loaded.problem = std::move(built.reason);
  if (built.state == Built::State::kReady) {
    loaded.place = KeyPlace::kOpen;
    loaded.keys = std::move(built.keys);
  } else if (built.state == Built::State::kNotReady && keycache::PreparedUntil(*record) > now) {
    loaded.place = KeyPlace::kQueued;
  }
  return loaded;
}

void KeyLoad::Finish(Batch batch) {
  --under_way_;
  items_under_way_ -= batch.loaded.size();
  const auto away =
      std::find_if(batch.loaded.begin(), batch.loaded.end(),
                   [](const Loaded& loaded) { return loaded.place == KeyPlace::kQueued; });
  if (away != batch.loaded.end()) {
    Postpone(away->problem);
  } else {
    retry_at_ = pause_ = 0;
    status_.waits_for.clear();
  }
  for (Loaded& loaded : batch.loaded) Place(std::move(loaded));
  if (batch.called) Publish();
  if (away == batch.loaded.end()) StartBatches();
  if (!loading_ || status().queued != 0) return;
  loading_ = false;
  Log(LogLevel::kInfo, "keys-opened",
      {{"zones", std::to_string(status_.open)},
       {"seconds", std::to_string(parts_.now() - loading_since_)}});
}

void KeyLoad::Postpone(const std::string& problem) {
  if (status_.waits_for != problem) {
    Log(LogLevel::kError, "keys-wait-for-hsm", {{"error", problem}});
  }
  status_.waits_for = problem;
  pause_ = std::clamp<std::int64_t>(2 * pause_, 1, kLongestPause);
  retry_at_ = parts_.now() + pause_;
}

void KeyLoad::Place(Loaded loaded) {
  ZoneEntry* entry = parts_.registry.FindById(loaded.zone);
  if (entry == nullptr || entry->key_place != KeyPlace::kQueued) return;
  const std::string& name = entry->record->name;
  if (loaded.place == KeyPlace::kQueued || loaded.key_changes != entry->key_changes) {
    entry->key_problem = std::move(loaded.problem);
    (loaded.called ? called_ : secured_).push_front(loaded.zone);
    return;
  }
  entry->key_place = loaded.place;
  if (loaded.place == KeyPlace::kFailed) {
    ++status_.failed;
    Log(LogLevel::kError, "keys-failed", {{"zone", name}, {"error", loaded.problem}});
  } else {
    entry->cds = loaded.cds;
    entry->refresh_at = loaded.refresh_at;
    // Other work may have been asked for meanwhile.
    if (entry->roll_at == 0 || (loaded.work_at != 0 && loaded.work_at < entry->roll_at)) {
      entry->roll_at = loaded.work_at;
    }
  }
  if (loaded.place == KeyPlace::kOpen) {
    entry->key_place = KeyPlace::kQueued;
    entry->keys = std::move(loaded.keys);
    Opened(*entry);
    ++status_.loaded;
    if (loaded.called) ++status_.called;
  }
  entry->key_problem = std::move(loaded.problem);
  if (loaded.place != KeyPlace::kStored) {
    parts_.registry.Touch(name);
    unpublished_ = true;
  }
  parts_.placed(name);
}

void KeyLoad::Evict() {
  if (options_.cache == 0 || status_.open <= options_.cache) return;
  // Where all are asked for all the time, those go that came first.
  std::size_t passes = 2 * (status_.open - options_.cache) + kLeastPasses;
  for (std::size_t looks = hand_.size(); looks > 0 && status_.open > options_.cache; --looks) {
    const std::uint64_t id = hand_.front();
    hand_.pop_front();
    ZoneEntry* entry = parts_.registry.FindById(id);
    if (entry == nullptr) continue;
    if (entry->key_place != KeyPlace::kOpen) {
      entry->is_at_hand = false;
      continue;
    }
    const std::uint64_t asked = options_.asked ? options_.asked(entry->audience) : 0;
    const bool was_asked = std::exchange(entry->asked_before, asked) != asked;
    if (MustBeOpen(*entry) || (was_asked && passes > 0)) {
      if (passes > 0) --passes;
      hand_.push_back(id);
      continue;
    }
    entry->is_at_hand = false;
    Close(*entry, KeyPlace::kStored);
    ++status_.evicted;
    parts_.registry.Touch(entry->record->name);
    unpublished_ = true;
  }
}

void KeyLoad::Publish() {
  parts_.registry.Publish();
  unpublished_ = false;
  ticks_ = 0;
}

void AddKeyLoad(MetricsText& out, const KeyLoadStatus& status) {
  using Kind = MetricsText::Kind;
  const auto add = [&out](const char* name, Kind kind, const char* help, std::uint64_t value) {
    out.Add(name, kind, help, static_cast<double>(value));
  };
  add("sealwire_zone_keys_open", Kind::kGauge, "Zones whose keys are open in memory.", status.open);
  add("sealwire_zone_keys_queued", Kind::kGauge, "Zones whose keys are about to be opened.",
      status.queued);
  add("sealwire_zone_keys_loaded_total", Kind::kCounter, "Zones whose keys were opened.",
      status.loaded);
  add("sealwire_zone_keys_called_total", Kind::kCounter,
      "Zones whose keys were opened because a query waited for them.", status.called);
  add("sealwire_zone_keys_evicted_total", Kind::kCounter,
      "Zones whose keys were closed to make room.", status.evicted);
  add("sealwire_zone_keys_failed_total", Kind::kCounter,
      "Zones whose keys could not be opened although the HSM was there.", status.failed);
}

}  // namespace sealwire::control
