// Keeps transferred zones as their primaries have them: when to ask, whom, and until when an answer
// is good (RFC 1035 section 3.3.13: REFRESH, RETRY, EXPIRE; RFC 1996).
//
// A transfer runs on an executor and may block there; here its result is taken in. The content is
// on disk before it is served (proxy/zone_image.h), so that a restart with the primary away serves
// it at once, and no longer than EXPIRE allows. Threading: the control thread, but for the work on
// the executor. Ownership: Parts are borrowed and outlive it. Errors: in ZoneEntry::content_problem
// and the log.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "control/executor.h"
#include "control/tsig_keys.h"
#include "control/zone_registry.h"
#include "proxy/notices.h"
#include "proxy/transfer_client.h"

namespace sealwire::control {

// The times of a SOA record, brought between what does no harm.
struct SoaTimers {
  std::int64_t refresh = 0;  // seconds
  std::int64_t retry = 0;
  std::int64_t expire = 0;
};
SoaTimers TimersOf(const proxy::LocalZone& zone);

class TransferWork {
 public:
  struct Parts {
    ZoneRegistry& registry;
    Executor& work;
    std::shared_ptr<const TsigKeyring> keys;
    proxy::Notices& notices;
    std::string folder;                 // for images; made when it is not there
    std::function<std::int64_t()> now;  // seconds since 1970
    // The content of the zone changed, expired or came back.
    std::function<void(const std::string& what, const std::string& zone)> changed;
  };
  explicit TransferWork(Parts parts);

  // At start: the content of a transferred zone from its image, if it has not expired. Blocks.
  void Restore(const std::string& name, ZoneEntry& entry);
  // A zone was added or its backend changed: it is asked for at once.
  void Adopt(const std::string& name);
  // A zone is no longer transferred, or is gone.
  void Forget(const std::string& name);

  // A few times a second: notices, transfers that are due, content that expires.
  void Tick();
  // Transfers that run give up soon.
  void Stop() { *stop_ = true; }

  // When the primary last confirmed the content; 0: never, or no transferred zone.
  std::int64_t ConfirmedAt(std::string_view name) const;

 private:
  struct Zone {
    std::uint64_t id = 0;  // of the record
    std::shared_ptr<const proxy::LocalZone> have;
    std::int64_t confirmed_at = 0;
    std::int64_t next_at = 0;  // asked then, unless it runs
    std::int64_t expire_at = 0;
    std::int64_t due = 0;  // where it stands in queue_; 0: nowhere
    int failures = 0;
    bool runs = false;
    bool notified = false;
  };

  std::string ImagePath(std::uint64_t id) const;
  void TakeNotices();
  void Schedule(const std::string& name, Zone& zone);
  void Start(const std::string& name, Zone& zone);
  void Finish(const std::string& name, std::uint64_t id, const BackendSpec& asked,
              const proxy::TransferResult& result, const std::string& image_problem);
  void Expire(const std::string& name, Zone& zone, ZoneEntry& entry);
  void Show(const std::string& name, Zone& zone, ZoneEntry& entry);
  void Confirmed(Zone& zone, std::int64_t at);

  Parts parts_;
  std::map<std::string, Zone, std::less<>> zones_;
  std::map<std::uint64_t, std::string> names_;  // by id of the record
  std::set<std::pair<std::int64_t, std::string>> queue_;
  std::shared_ptr<std::atomic<bool>> stop_ = std::make_shared<std::atomic<bool>>(false);
  int running_ = 0;
};

}  // namespace sealwire::control
