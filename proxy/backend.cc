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

bool Backend::Open(BackendTcp& tcp) noexcept {
  auto socket = net::ConnectTcp(endpoint_);
  if (!socket) return false;
  const std::uint32_t channel = events_.NewChannel();
  tcp.channel = channel;
  tcp.stream = std::make_unique<BackendStream>(
      loop_, std::move(socket).value(),
      [this, channel](dns::MutableBytes frame) { events_.OnFrame(*this, channel, frame); },
      [this, channel] { events_.OnStreamEvent(*this, channel); });
  return true;
}

BackendTcp* Backend::Shared() noexcept {
  if (SharedClosed()) DropStream(shared_.channel);
  if (!shared_.stream && !Open(shared_)) return nullptr;
  shared_.used_us = SteadyMicroseconds();
  return &shared_;
}

BackendTcp* Backend::OpenOwn() noexcept {
  if (own_.size() >= kMaxOwn) return nullptr;
  BackendTcp tcp;
  if (!Open(tcp)) return nullptr;
  tcp.used_us = SteadyMicroseconds();
  own_.push_back(std::move(tcp));
  return &own_.back();
}

bool Backend::StreamClosed(std::uint32_t channel) const noexcept {
  if (shared_.channel == channel) return SharedClosed();
  const auto own = std::find_if(own_.begin(), own_.end(), [channel](const BackendTcp& tcp) {
    return tcp.channel == channel;
  });
  return own != own_.end() && own->stream->closed();
}

void Backend::DropStream(std::uint32_t channel) noexcept {
  if (shared_.channel != channel) return DropOwn(channel);
  if (shared_.stream) dropped_.push_back(std::move(shared_.stream));
}

void Backend::DropOwn(std::uint32_t channel) noexcept {
  const auto own = std::find_if(own_.begin(), own_.end(), [channel](const BackendTcp& tcp) {
    return tcp.channel == channel;
  });
  if (own == own_.end()) return;
  dropped_.push_back(std::move(own->stream));
  own_.erase(own);
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
  if (shared_.stream && now_us - shared_.used_us > kStreamIdleUs) DropStream(shared_.channel);
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
  status.tsig_refused = counters.tsig_refused.value();
  status.tsig_problem = static_cast<signer::TsigVerdict>(counters.tsig_problem.value());
  return status;
}

}  // namespace sealwire::proxy
