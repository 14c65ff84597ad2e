// Opens the stored keys of zones: all of them after a start, in batches and off the control thread,
// and one out of turn when a query waits for it. With a bound on how many are open at a time, those
// nobody asks for are closed again.
//
// The order is: zones that a query waits for, zones a parent may have a DS of, the rest. While the
// HSM is away nothing is opened for the first time, and a batch is tried again after 1, 2, 4, … at
// most 15 seconds. Who may go is decided as by a clock's hand: it passes over a zone that was asked
// since it passed the last time.
// Threading: the control thread; batches run in the executor. Ownership: Parts are borrowed and
// outlive it; the executor outlives it or is gone first. Errors: ZoneEntry::key_problem and
// status().
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "control/executor.h"
#include "control/key_work.h"
#include "control/metrics_page.h"
#include "control/zone_registry.h"
#include "proxy/notices.h"

namespace sealwire::control {

struct KeyLoadStatus {
  std::size_t open = 0;       // zones
  std::size_t queued = 0;     // zones that are to be opened; those under way among them
  std::uint64_t loaded = 0;   // zones whose keys were opened, ever
  std::uint64_t called = 0;   // … because a query waited
  std::uint64_t evicted = 0;  // zones whose keys were closed to make room
  std::uint64_t failed = 0;   // zones whose keys could not be opened, with the HSM there
  std::string waits_for;      // why nothing can be opened now; empty: nothing is in the way
};

void AddKeyLoad(MetricsText& out, const KeyLoadStatus& status);

class KeyLoad {
 public:
  struct Parts {
    ZoneRegistry& registry;
    KeyMaker& key_maker;
    std::function<std::int64_t()> now;  // seconds since 1970
    std::function<KeyLife(const ZoneEntry&)> life;
    std::function<void(const std::string& name)> placed;  // the zone's next work is to be planned
  };
  struct Options {
    std::size_t cache = 0;            // zones whose keys are open at a time; 0: all
    std::size_t batches = 1;          // under way at a time
    std::size_t batch = 256;          // zones
    proxy::Notices* calls = nullptr;  // where queries call for keys; null: nowhere
    // How often a zone was asked for; null: not known.
    std::function<std::uint64_t(proxy::AudienceKey)> asked;
  };
  KeyLoad(Parts parts, Executor& work);

  // Before the first Want().
  void Use(Executor& work, Options options);

  // A signed zone has keys in the store, and none open.
  void Want(const std::string& name, ZoneEntry& entry);
  // Its keys were opened elsewhere, or are not needed any more.
  void Opened(ZoneEntry& entry);
  void Close(ZoneEntry& entry, KeyPlace place = KeyPlace::kNone);
  // Often: takes calls, starts batches, closes what is too much, publishes what is there.
  void Tick();

  KeyLoadStatus status() const;

 private:
  struct Item;
  struct Loaded;
  struct Batch {
    std::vector<Loaded> loaded;
    bool called = false;  // queries wait for some of them
  };

  static Loaded Load(KeyMaker& maker, const Item& item, std::int64_t now);
  static std::int64_t WorkAt(const keycache::ZoneKeyRecord& record, const Item& item,
                             std::int64_t now);
  bool HasRoom(std::size_t more) const;
  void TakeCalls();
  void StartBatches();
  // Takes from `queue` while the batch is not full.
  void Fill(std::vector<Item>& items, std::deque<std::uint64_t>& queue, bool called);
  void Finish(Batch batch);
  void Place(Loaded loaded);
  void Postpone(const std::string& problem);
  void Evict();
  void Publish();

  Parts parts_;
  Executor* work_;
  Options options_;
  std::deque<std::uint64_t> called_, secured_, others_;  // ids of zones
  std::deque<std::uint64_t> hand_;  // zones that are open, next to be looked at first
  std::size_t under_way_ = 0;       // batches
  std::size_t items_under_way_ = 0;
  bool unpublished_ = false;
  bool loading_ = false;  // since the last time nothing was queued
  std::int64_t loading_since_ = 0;
  int ticks_ = 0;
  std::int64_t retry_at_ = 0;  // nothing is tried before; 0: the HSM is there as far as is known
  std::int64_t pause_ = 0;
  KeyLoadStatus status_;
};

}  // namespace sealwire::control
