#include "proxy/backend.h"

#include <algorithm>
#include <utility>

#include "net/tcp_socket.h"
#include "proxy/clock.h"

namespace sealwire::proxy {

namespace {

constexpr std::uint64_t kSocketIdleUs = 60'000'000;
constexpr std::uint64_t kStreamIdleUs = 5'000'000;
constexpr std::uint64_t kLeaveOutUs = 600'000'000;

}  // namespace

Backend::Backend(net::EventLoop& loop, const net::Endpoint& endpoint, const ForwardOptions& options,
                 BackendEvents& events)
    : loop_(loop),
      endpoint_(endpoint),
      options_(options),
      events_(events),
      health_(options),
      sockets_(static_cast<std::size_t>(std::max(1, options.sockets_per_backend))) {
  Report(SteadyMicroseconds());
}

bool Backend::Open(std::unique_ptr<BackendSocket>& slot) noexcept {
  auto socket = net::UdpSocket::Connect(endpoint_);
  if (!socket) return false;
  auto opened = std::make_unique<BackendSocket>(
      BackendSocket{events_.NewChannel(), std::move(socket).value(), 0, 0, 0, nullptr});
  BackendSocket* raw = opened.get();
  raw->watch = std::make_unique<net::FdWatch>(
      loop_, raw->socket.fd(),
      [this, raw](net::FdWatch::Ready) { events_.OnDatagrams(*this, *raw); });
  if (!raw->watch->Watch(true, false)) return false;
  slot = std::move(opened);
  return true;
}

BackendSocket* Backend::PickSocket(net::Random& random, std::uint64_t now_us) noexcept {
  std::unique_ptr<BackendSocket>& slot = sockets_[random.U16() % sockets_.size()];
  if (slot && slot->sent >= options_.questions_per_socket) retired_.push_back(std::move(slot));
  BackendSocket* picked = slot.get();
  if (picked == nullptr && Open(slot)) picked = slot.get();
  if (picked == nullptr) {
    // No descriptor is to be had: any socket that is open serves.
    for (const auto& other : sockets_) {
      if (other) picked = other.get();
    }
  }
  if (picked == nullptr) return nullptr;
  ++picked->sent;
  picked->last_used_us = now_us;
  return picked;
}

BackendStream* Backend::Stream() noexcept {
  if (StreamClosed()) DropStream();
  if (!stream_) {
    auto socket = net::ConnectTcp(endpoint_);
    if (!socket) return nullptr;
    stream_ = std::make_unique<BackendStream>(
        loop_, std::move(socket).value(),
        [this](dns::MutableBytes frame) { events_.OnFrame(*this, frame); },
        [this] { events_.OnStreamEvent(*this); });
    stream_channel_ = events_.NewChannel();
  }
  stream_used_us_ = SteadyMicroseconds();
  return stream_.get();
}

void Backend::DropStream() noexcept {
  if (stream_) dropped_.push_back(std::move(stream_));
}

void Backend::LeaveOutCase(std::uint64_t now_us) noexcept {
  caseless_until_us_ = now_us + kLeaveOutUs;
  case_was_kept_ = false;
}

void Backend::LeaveOutEdns(std::uint64_t now_us) noexcept {
  plain_until_us_ = now_us + kLeaveOutUs;
}

void Backend::Sweep(std::uint64_t now_us) noexcept {
  std::erase_if(retired_, [](const auto& socket) { return socket->waiting == 0; });
  for (auto& socket : sockets_) {
    if (socket && socket->waiting == 0 && now_us - socket->last_used_us > kSocketIdleUs) {
      socket.reset();
    }
  }
  if (stream_ && now_us - stream_used_us_ > kStreamIdleUs) DropStream();
  dropped_.clear();
}

void Backend::Report(std::uint64_t now_us) noexcept {
  counters.up.Set(health_.up() ? 1 : 0);
  counters.preserves_case.Set(PreservesCase(now_us) ? 1 : 0);
  counters.understands_edns.Set(UnderstandsEdns(now_us) ? 1 : 0);
  counters.round_trip_us.Set(health_.round_trip_us());
  counters.outstanding.Set(outstanding);
}

BackendStatus Backend::Status() const {
  BackendStatus status;
  status.endpoint = endpoint_;
  status.up = counters.up.value() != 0;
  status.preserves_case = counters.preserves_case.value() != 0;
  status.understands_edns = counters.understands_edns.value() != 0;
  status.round_trip_us = static_cast<std::uint32_t>(counters.round_trip_us.value());
  status.outstanding = static_cast<std::uint32_t>(counters.outstanding.value());
  status.questions = counters.questions.value();
  status.answers = counters.answers.value();
  status.timeouts = counters.timeouts.value();
  status.failures = counters.failures.value();
  status.mismatches = counters.mismatches.value();
  status.over_tcp = counters.over_tcp.value();
  return status;
}

}  // namespace sealwire::proxy
