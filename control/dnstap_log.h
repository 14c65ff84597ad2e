// Takes what the workers' taps sampled and writes it as dnstap, to a file or a collector's socket.
//
// A collector that is away is tried again every few seconds; meanwhile what is sampled is lost and
// counted. Threading: a thread of its own from Start() on; counters by any thread. Ownership: the
// taps are borrowed and outlive it. Errors: Start() only for a file that cannot be made.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "control/config.h"
#include "control/frame_stream.h"
#include "control/metrics_page.h"
#include "proxy/packet_tap.h"

namespace sealwire::control {

class DnstapLog {
 public:
  static Result<std::unique_ptr<DnstapLog>> Start(const DnstapConfig& config, std::string identity,
                                                  std::string version,
                                                  std::vector<proxy::PacketTap*> taps);
  // Writes what is left, and ends the stream.
  ~DnstapLog();

  void AddMetrics(MetricsText& out) const;

 private:
  DnstapLog(const DnstapConfig& config, std::string identity, std::string version,
            std::vector<proxy::PacketTap*> taps)
      : config_(config),
        identity_(std::move(identity)),
        version_(std::move(version)),
        taps_(std::move(taps)) {}
  void Run();
  std::size_t Drain();
  void Connect();

  const DnstapConfig config_;
  const std::string identity_;
  const std::string version_;
  const std::vector<proxy::PacketTap*> taps_;
  std::optional<FrameStream> stream_;
  std::vector<std::uint8_t> frame_;
  std::uint64_t connect_at_ms_ = 0;
  proxy::Counter written_;
  proxy::Counter lost_;
  std::atomic<bool> connected_{false};
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

// What the workers need to know of the configuration.
proxy::TapOptions TapOptionsOf(const std::optional<DnstapConfig>& config);

}  // namespace sealwire::control
