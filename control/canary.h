// A validator of the daemon's own that asks a listener about one signed zone after another, and
// holds the key changes of a zone whose answer it finds bogus.
//
// One zone at a time, `interval` seconds apart, from three places by turns: zones whose keys
// changed, zones that are held (the one looked at longest ago, every half minute at most), and all
// signed zones in the order of names. A clean run lets a zone go on, and Ignore(), a named
// override, overrules it for a day. What nobody could tell changes nothing: neither silence nor a
// refusal of the server is a bogus answer. What it keeps is bounded: kMostHeld zones that are held
// and as many that are ignored, kMostWatched that wait to be asked.
// Threading: the control thread; probes run where `run` takes them, one at a time. Ownership: Parts
// are borrowed and outlive it. Errors: in the history of the zone, and as the reason of what is
// held; "canary-blind" in the log when no zone can be asked.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "control/executor.h"
#include "control/held_keys.h"
#include "control/metrics_page.h"
#include "control/zone_probe.h"
#include "control/zone_registry.h"

namespace sealwire::control {

class Canary {
 public:
  static constexpr std::size_t kMostHeld = 10'000;
  static constexpr std::size_t kMostWatched = 4096;

  struct Parts {
    ZoneRegistry& registry;
    std::function<void(Executor::Work)> run;
    net::Endpoint server;               // whom to ask: a listener of ours
    std::int64_t interval = 1;          // seconds
    std::function<std::int64_t()> now;  // seconds since 1970
    std::function<ProbeVerdict(const ProbeOrder&, const std::atomic<bool>& stop)> probe;
    std::function<void(const std::string& what, const std::string& zone)> changed;
  };
  struct Counts {
    std::uint64_t secure = 0;
    std::uint64_t bogus = 0;
    std::uint64_t unknown = 0;
    std::size_t held = 0;  // zones, now
  };

  explicit Canary(Parts parts) : parts_(std::move(parts)) {}

  // About once a second.
  void Tick();
  // Its keys changed: it is asked about before others.
  void Watch(const std::string& zone);
  // Why the keys of the zone may not change; empty: nothing is in the way.
  std::string HeldBecause(const std::string& zone) const;
  // Lets the keys change for a day whatever is seen. False: too many are let already.
  bool Ignore(const std::string& zone);
  bool IsIgnored(const std::string& zone) const;
  HeldKeys Held() const;
  // Ends what runs, and begins nothing.
  void Stop() { stop_ = true; }
  Counts counts() const;
  void AddMetrics(MetricsText& out) const;

 private:
  struct Hold {
    std::uint64_t id = 0;
    std::string why;
    std::int64_t checked_at = 0;
  };
  // A zone as it was when it was asked about.
  struct Asked {
    std::string name;
    std::uint64_t id = 0;
    std::uint32_t key_changes = 0;
  };

  std::string Next();  // the zone to be asked about; empty: none
  std::string NextWatched();
  std::string NextHeld();
  std::string NextInOrder();
  bool CanBeAsked(std::string_view name) const;
  void Finish(const Asked& asked, const ProbeVerdict& verdict);
  void Clean(const std::string& name);
  void Bogus(const Asked& asked, const std::string& why);
  void Unknown(const std::string& name, const std::string& why);
  void Note(const std::string& name, const char* what, const std::string& detail);

  Parts parts_;
  Counts counts_;
  std::map<std::string, Hold, std::less<>> held_;
  std::map<std::string, std::int64_t, std::less<>> ignored_;  // until when; an operator said so
  std::deque<std::string> watched_;
  std::string last_;       // the zone asked last in order
  std::size_t order_ = 0;  // of which status it is
  std::size_t turn_ = 0;
  int silent_ = 0;  // probes in a row of which nothing was learnt
  std::int64_t next_at_ = 0;
  bool runs_ = false;
  std::atomic<bool> stop_ = false;
};

}  // namespace sealwire::control
