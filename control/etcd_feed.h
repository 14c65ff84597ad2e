// What happens in etcd below the prefix, in the order in which it happened: the whole state page by
// page, then every change.
//
// A feed knows the revision it stands at and watches from the next one. When etcd has compacted
// what comes next, it reads the whole state as it was at one revision, and watches from there.
// Memory: one page, or one message of the watch; the next is not taken from the socket before the
// last was taken in. Threading: one thread; `stop` may be set by any. Errors: a sentence; what was
// given before an error counts, and the feed may be followed again from where it stands.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "control/config.h"

namespace sealwire::control {

class EtcdClient;

struct EtcdEvent {
  std::string key;  // without the prefix: "zones/example.com"
  std::uint64_t revision = 0;
  bool gone = false;
  std::string value;
};

struct EtcdBatch {
  enum class Kind : std::uint8_t {
    kFleet,        // who is there, whole: with the first batch a feed gives
    kChanges,      // since the batch before
    kWholeBegins,  // what follows is the whole state
    kPage,         // a part of it
    kWholeEnds,    // what was in no page is gone
  };
  Kind kind = Kind::kChanges;
  std::vector<EtcdEvent> events = {};
  std::uint64_t position = 0;  // all up to this revision has been given; kPage: that of the whole
};

class EtcdFeed {
 public:
  // False: enough.
  using Take = std::function<bool(EtcdBatch&&)>;

  // Starts after `position`; 0: with the whole state.
  static Result<std::unique_ptr<EtcdFeed>> Create(const EtcdConfig& config, std::uint64_t position);
  ~EtcdFeed();

  // Returns Ok when it stands at `until` or later (0: never), when `take` had enough, or when
  // `stop` is set.
  Status Follow(std::uint64_t until, const Take& take, const std::atomic<bool>& stop);
  std::uint64_t position() const noexcept { return position_; }

 private:
  EtcdFeed(const EtcdConfig& config, std::unique_ptr<EtcdClient> client, std::uint64_t position);
  enum class Step : std::uint8_t { kGoOn, kEnough };
  Result<Step> ReadFleet(const Take& take);
  Result<Step> ReadWhole(const Take& take, const std::atomic<bool>& stop);
  Result<Step> Watch(std::uint64_t until, const Take& take, const std::atomic<bool>& stop);

  const std::string base_;  // "/sealwire/"
  std::unique_ptr<EtcdClient> client_;
  std::uint64_t position_;
  bool fleet_told_ = false;
};

}  // namespace sealwire::control
