// /metrics in Prometheus text format, /livez and /readyz: for the metrics listener.
//
// Base units (seconds, octets), and no label whose values grow with the zones. Threading: the
// control thread reads counters that workers write. Ownership: borrowed. Errors: none.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "control/kernel_workers.h"
#include "control/zone_registry.h"
#include "keycache/key_cache.h"
#include "net/http_server.h"

namespace sealwire::control {

// A page being written. Series of one name are written one after the other.
class MetricsText {
 public:
  enum class Kind : std::uint8_t { kCounter, kGauge };
  // `labels` is `name="value",…` or empty; HELP and TYPE are written with the first of a name.
  void Add(std::string_view name, Kind kind, std::string_view help, double value,
           std::string_view labels = {});
  // Cumulative buckets, sum and count (the durations in seconds).
  void AddHistogram(std::string_view name, std::string_view help,
                    const proxy::LatencyTotals& totals, std::string_view labels = {});
  const std::string& text() const noexcept { return text_; }

  // `name="value"`, the value escaped.
  static std::string Label(std::string_view name, std::string_view value);

 private:
  void Head(std::string_view name, std::string_view help, std::string_view kind);

  std::string text_;
  std::string last_;
};

struct MetricsSources {
  std::string version;
  std::int64_t started = 0;  // seconds since 1970
  ZoneRegistry& registry;
  const KernelWorkers& workers;
  std::function<std::vector<keycache::HsmStatus>()> hsm;
  std::function<std::optional<keycache::KeyCacheStatus>()> keys;
  std::function<bool()> ready;
  std::vector<std::function<void(MetricsText&)>> more;  // what other parts have to say
};

class MetricsPage {
 public:
  explicit MetricsPage(MetricsSources sources) : sources_(std::move(sources)) {}
  void Handle(const net::HttpRequest& request, const net::HttpReply& reply) const;
  std::string Text() const;

 private:
  MetricsSources sources_;
};

}  // namespace sealwire::control
