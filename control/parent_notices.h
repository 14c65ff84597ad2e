// Tells parents that CDS and CDNSKEY of a zone changed, where they ask to be told (RFC 9859).
//
// A zone is looked at when something happened to it (Watch). Its parent is told once for each form
// of the CDS RRset, when every worker answers with it: each address of the target gets NOTIFY until
// it answers or five tries are made. Best effort: what is not told is found by parents that look
// for CDS. Threading: the control thread; looking up and sending run in the executor, a bounded
// number at a time. Ownership: Parts are borrowed and outlive it. Errors: the history of the zone
// says what came of it.
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
#include "control/dns_asker.h"
#include "control/dsync.h"
#include "control/executor.h"
#include "control/zone_registry.h"

namespace sealwire::control {

class ParentNotices {
 public:
  struct Parts {
    ZoneRegistry& registry;
    Executor& work;
    DnsAsker& asker;
    std::function<std::int64_t()> now;  // seconds since 1970
    // Sends NOTIFY(CDS), and gives up soon when the flag is set; blocks. Gives those that did not
    // answer with NOERROR.
    std::function<std::vector<net::Endpoint>(const dns::Name&, const std::vector<net::Endpoint>&,
                                             const std::atomic<bool>& stop)>
        send;
  };
  explicit ParentNotices(Parts parts) : parts_(std::move(parts)) {}

  // Whom to ask for DSYNC records; nothing: nobody is told.
  void UseParent(const std::optional<ParentConfig>& parent);

  // Something happened to the zone: it is looked at with the next Tick().
  void Watch(const std::string& name);
  // About once a second.
  void Tick();
  // What is under way gives up soon.
  void Stop() { *stop_ = true; }

 private:
  struct Zone {
    std::uint64_t id = 0;
    bool watched = false;
    bool runs = false;
    std::vector<std::uint8_t> told;  // the CDS RRset that the parent was told of, or is being
  };
  struct Told;

  void Look(const std::string& name, Zone& zone);
  void Start(const std::string& name, Zone& zone, const dns::Name& apex);
  void Finish(const std::string& name, std::uint64_t id, const Told& told);

  Parts parts_;
  std::optional<net::Endpoint> server_;
  std::map<std::string, Zone> zones_;
  int running_ = 0;
  std::shared_ptr<std::atomic<bool>> stop_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace sealwire::control
