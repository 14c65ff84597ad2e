#include "control/dnstap_log.h"

#include <pthread.h>

#include <chrono>
#include <cmath>

#include "control/dnstap_message.h"
#include "control/log.h"
#include "proxy/clock.h"

namespace sealwire::control {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kRingBytes = std::size_t{1} << 20;  // a worker's
constexpr auto kIdle = 20ms;
constexpr std::uint64_t kReconnectMs = 3000;
constexpr std::size_t kTurn = 4096;  // packets of one tap before the others get their turn

}  // namespace

proxy::TapOptions TapOptionsOf(const std::optional<DnstapConfig>& config) {
  proxy::TapOptions options;
  if (!config) return options;
  options.ring_bytes = kRingBytes;
  options.one_in_2_64 = config->sample >= 1
                            ? ~std::uint64_t{0}
                            : static_cast<std::uint64_t>(std::ldexp(config->sample, 64));
  options.queries = config->queries;
  options.responses = config->responses;
  return options;
}

Result<std::unique_ptr<DnstapLog>> DnstapLog::Start(const DnstapConfig& config,
                                                    std::string identity, std::string version,
                                                    std::vector<proxy::PacketTap*> taps) {
  std::unique_ptr<DnstapLog> log(
      new DnstapLog(config, std::move(identity), std::move(version), std::move(taps)));
  if (!config.file.empty()) {
    auto stream = FrameStream::ToFile(config.file, kDnstapContentType);
    if (!stream.ok()) return Error{"dnstap: " + stream.error()};
    log->stream_ = *std::move(stream);
    log->connected_ = true;
  }
  log->thread_ = std::thread([raw = log.get()] {
    pthread_setname_np(pthread_self(), "sealwire-dnstap");
    raw->Run();
  });
  return log;
}

DnstapLog::~DnstapLog() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
}

void DnstapLog::Run() {
  while (!stop_) {
    if (!stream_) Connect();
    if (Drain() == 0) std::this_thread::sleep_for(kIdle);
  }
  while (Drain() > 0) {
  }
  if (stream_) stream_->Finish();
}

void DnstapLog::Connect() {
  const std::uint64_t now = proxy::SteadyMilliseconds();
  if (config_.socket.empty() || now < connect_at_ms_) return;
  connect_at_ms_ = now + kReconnectMs;
  auto stream = FrameStream::ToSocket(config_.socket, kDnstapContentType);
  if (!stream.ok()) {
    return Log(LogLevel::kWarning, "dnstap-away", {{"error", stream.error()}});
  }
  stream_ = *std::move(stream);
  connected_ = true;
  Log(LogLevel::kInfo, "dnstap-connected", {{"socket", config_.socket}});
}

std::size_t DnstapLog::Drain() {
  std::size_t taken = 0;
  proxy::TappedPacket packet;
  bool whole = true;
  for (proxy::PacketTap* tap : taps_) {
    for (std::size_t i = 0; i < kTurn && tap->Next(packet); ++i) {
      ++taken;
      if (!stream_ || !whole) {
        lost_.Add();
        continue;
      }
      EncodeDnstap(packet, identity_, version_, frame_);
      whole = stream_->Write(frame_);
      written_.Add();
    }
  }
  if (stream_ && (!whole || (taken > 0 && !stream_->Flush()))) {
    Log(LogLevel::kWarning, "dnstap-lost", {{"to", config_.socket + config_.file}});
    stream_.reset();
    connected_ = false;
  }
  return taken;
}

void DnstapLog::AddMetrics(MetricsText& out) const {
  using Kind = MetricsText::Kind;
  const auto number = [](std::uint64_t value) { return static_cast<double>(value); };
  std::uint64_t dropped = 0;
  for (const proxy::PacketTap* tap : taps_) dropped += tap->dropped().value();
  out.Add("sealwire_dnstap_connected", Kind::kGauge, "1 while dnstap has somebody to write to.",
          connected_ ? 1 : 0);
  out.Add("sealwire_dnstap_frames_total", Kind::kCounter, "Messages written as dnstap.",
          number(written_.value()));
  out.Add("sealwire_dnstap_lost_total", Kind::kCounter,
          "Sampled messages lost because the collector was away.", number(lost_.value()));
  out.Add("sealwire_dnstap_dropped_total", Kind::kCounter,
          "Sampled messages lost because a worker's ring was full.", number(dropped));
}

}  // namespace sealwire::control
