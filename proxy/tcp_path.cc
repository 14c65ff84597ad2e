#include "proxy/tcp_path.h"

#include <cerrno>
#include <utility>

#include "net/tcp_socket.h"
#include "proxy/clock.h"
#include "proxy/reply_routes.h"

namespace sealwire::proxy {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kAnswerScratch = 2 * (2 + 65535);
constexpr int kAcceptsPerTurn = 64;
constexpr auto kSweepEvery = 250ms;
// Without descriptors or memory an accept fails at once, again and again: look away for a while.
constexpr auto kAcceptPause = 100ms;

}  // namespace

TcpPath::TcpPath(net::EventLoop& loop, Pipeline& pipeline, TcpCounters& counters,
                 const TcpLimits& limits, TransferTaker* transfers)
    : loop_(loop),
      counters_(counters),
      limits_(limits),
      answers_(kAnswerScratch),
      shared_{pipeline, counters_, limits_,
              false,    answers_,  [this](TcpConnection& c) { AfterEvent(c); },
              transfers},
      clients_(limits.connections_per_client),
      sweep_(loop, [this] { CloseIdle(); }),
      resume_accepting_(loop, [this] {
        for (auto& listener : listeners_) listener->watch.Watch(true, false);
      }) {
  slots_.resize(limits.connections);
  touched_.reserve(limits.connections);
  for (std::size_t i = limits.connections; i-- > 0;) {
    free_slots_.push_back(static_cast<std::uint32_t>(i));
  }
}

void TcpPath::Listen(net::FileDescriptor listener, std::vector<net::Prefix> proxies) {
  const int fd = listener.get();
  const std::size_t index = listeners_.size();
  listeners_.push_back(std::unique_ptr<Listener>(new Listener{
      std::move(listener), std::move(proxies), {loop_, fd, [this, index](net::FdWatch::Ready) {
                                                  Accept(*listeners_[index]);
                                                }}}));
  listeners_.back()->watch.Watch(true, false);
}

void TcpPath::Accept(const Listener& listener) noexcept {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    net::Endpoint peer;
    int error = 0;
    net::FileDescriptor socket = net::AcceptTcp(listener.socket.get(), peer, error);
    if (socket.open()) {
      Adopt(std::move(socket), peer, net::AnyContains(listener.proxies, peer.address));
      continue;
    }
    if (error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS) {
      for (auto& each : listeners_) each->watch.Watch(false, false);
      resume_accepting_.Start(kAcceptPause);
      return;
    }
    // Anything else concerns the one client that was next (accept(2)), but for "none waits".
    if (error == EAGAIN) return;
  }
}

void TcpPath::Adopt(net::FileDescriptor socket, const net::Endpoint& peer, bool proxied) {
  if (!proxied && !clients_.Enter(peer.address)) return counters_.refused_client.Add();
  if (!MakeRoom()) {
    if (!proxied) clients_.Leave(peer.address);
    return counters_.refused_total.Add();
  }
  const std::uint32_t index = free_slots_.back();
  free_slots_.pop_back();
  Slot& slot = slots_[index];
  connections_.emplace_back(loop_, std::move(socket), peer, proxied,
                            TcpRoute{index, slot.generation}, shared_);
  slot.connection = std::prev(connections_.end());
  slot.used = true;
  counters_.accepted.Add();
  counters_.open.Set(connections_.size());
  if (!sweep_.running()) sweep_.StartEvery(kSweepEvery);
  AfterEvent(connections_.back());
}

// RFC 7766 section 6.2.3: a server that is short of room may close connections that are idle.
bool TcpPath::MakeRoom() noexcept {
  if (!free_slots_.empty()) return true;
  for (auto c = connections_.begin(); c != connections_.end(); ++c) {
    if (!c->idle()) continue;
    counters_.evicted.Add();
    Close(c);
    return true;
  }
  return false;
}

void TcpPath::AfterEvent(TcpConnection& connection) noexcept {
  connection.Watch();
  const auto at = slots_[connection.route().slot].connection;
  if (connection.finished()) return Close(at);
  if (connection.last_progress_ms() >= connections_.back().last_progress_ms()) {
    connections_.splice(connections_.end(), connections_, at);
  }
}

void TcpPath::Close(Connections::iterator connection) noexcept {
  const TcpRoute route = connection->route();
  if (!connection->proxied()) clients_.Leave(connection->peer().address);
  connections_.erase(connection);
  Slot& slot = slots_[route.slot];
  slot.used = false;
  ++slot.generation;
  free_slots_.push_back(route.slot);
  counters_.open.Set(connections_.size());
  if (connections_.empty()) sweep_.Stop();
}

void TcpPath::Deliver(const ReplyRoute& route, dns::Bytes answer) noexcept {
  const auto to = ReadRoute<TcpRoute>(route);
  if (to.slot >= slots_.size()) return;
  Slot& slot = slots_[to.slot];
  if (!slot.used || slot.generation != to.generation) return;  // the client has gone
  slot.connection->Deliver(answer);
  if (!slot.touched) {
    slot.touched = true;
    touched_.push_back(to.slot);
  }
}

void TcpPath::Flush() noexcept {
  // Resuming may deliver to, and so touch, further connections.
  while (!touched_.empty()) {
    Slot& slot = slots_[touched_.back()];
    touched_.pop_back();
    slot.touched = false;
    if (!slot.used) continue;
    slot.connection->Resume();
    AfterEvent(*slot.connection);
  }
}

bool TcpPath::UnderPressure() const noexcept {
  return connections_.size() > limits_.connections / 4 * 3;
}

void TcpPath::CloseIdle() noexcept {
  const std::uint64_t now = SteadyMilliseconds();
  for (auto c = connections_.begin(); c != connections_.end();) {
    const auto at = c++;
    // Who waits for a backend is not at fault: only the long limit is for those.
    const auto limit = at->idle() && UnderPressure() ? limits_.idle_under_pressure : limits_.idle;
    const std::uint64_t silent = now - std::min(now, at->last_progress_ms());
    if (silent < static_cast<std::uint64_t>(limits_.idle_under_pressure.count()) &&
        silent < static_cast<std::uint64_t>(limits_.idle.count())) {
      break;
    }
    if (silent < static_cast<std::uint64_t>(limit.count())) continue;
    counters_.idle_closed.Add();
    Close(at);
  }
}

void TcpPath::Drain() noexcept {
  listeners_.clear();
  for (auto c = connections_.begin(); c != connections_.end(); ++c) c->Read();
  shared_.draining = true;
  for (auto c = connections_.begin(); c != connections_.end();) {
    TcpConnection& connection = *c++;
    AfterEvent(connection);
  }
}

}  // namespace sealwire::proxy
