// Makes the copies that secondaries get of zones held whole, and tells them of each (RFC 1996).
//
// A copy is made anew when the zone's content or keys change, and when a sixteenth of the
// signatures' validity has passed: what secondaries have is then never older than that beside the
// quarter that signer/validity.h may take. Its serial is the source's where that is the later one,
// else the last copy's plus one; it is written down before anybody sees it, and from then on live
// answers show the same (docs/decisions/0112). How a copy differs from those before it is kept
// while the process lives, for IXFR (0185). Threading: the control thread; signing and NOTIFY on
// the executors. Ownership: Parts are borrowed and outlive it. Errors: the log; the last copy
// stays.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "control/config.h"
#include "control/executor.h"
#include "control/zone_registry.h"
#include "proxy/transfer_desk.h"

namespace sealwire::control {

class OutboundWork {
 public:
  struct Parts {
    ZoneRegistry& registry;
    Executor& sign_work;
    Executor& notify_work;
    proxy::TransferDesk& desk;
    const std::map<std::string, PolicyConfig>& policies;
    std::string folder;                 // for the last serials; made by TransferWork
    std::function<std::int64_t()> now;  // seconds since 1970
  };
  explicit OutboundWork(Parts parts);

  // The zone was added, changed or removed: it is looked at with the next Tick().
  void Watch(const std::string& name) { zones_.try_emplace(name); }
  // About twice a second.
  void Tick();
  // NOTIFYs that are under way give up soon.
  void Stop() { *stop_ = true; }

 private:
  struct Signing;  // signer and memo of one zone
  struct Zone {
    std::uint64_t id = 0;
    std::shared_ptr<const proxy::LocalZone> source;     // what the last copy was made of
    std::shared_ptr<const proxy::LocalZone> published;  // the same with the copy's serial
    std::shared_ptr<const keycache::ZoneKeys> keys;
    std::shared_ptr<const proxy::SignedCopy> copy;  // what is offered
    std::shared_ptr<const proxy::CopyJournal> journal;
    std::vector<Secondary> secondaries;
    std::shared_ptr<Signing> signing;
    std::optional<std::uint32_t> serial;
    std::int64_t renew_at = 0;
    std::int64_t retry_at = 0;
    bool runs = false;
  };
  struct Made;

  std::string SerialPath(std::uint64_t id) const;
  bool NeedsCopy(const Zone& zone, const ZoneEntry& entry) const;
  void Start(const std::string& name, Zone& zone, const ZoneEntry& entry);
  void Finish(const std::string& name, std::uint64_t id, Made made);
  void Tell(const std::string& name, const Zone& zone);
  void Withdraw(const std::string& name, Zone& zone);
  std::shared_ptr<const proxy::ZoneTransfers> PeersOf(const Zone& zone) const;

  Parts parts_;
  std::map<std::string, Zone> zones_;
  std::shared_ptr<std::atomic<bool>> stop_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace sealwire::control
