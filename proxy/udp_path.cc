#include "proxy/udp_path.h"

#include <cstring>
#include <utility>

#include "proxy/clock.h"
#include "proxy/reply_routes.h"

namespace sealwire::proxy {

namespace {

// Batches read before timers, TCP and backends get their turn.
constexpr int kBatchesPerTurn = 4;
// Batches answered at the end: a flood must not hold up the shutdown.
constexpr int kBatchesAtClose = 256;

}  // namespace

UdpPath::UdpPath(net::EventLoop& loop, net::UdpSocket socket, std::uint32_t index,
                 Pipeline& pipeline, UdpCounters& counters, const UdpPathOptions& options)
    : socket_(std::move(socket)),
      index_(index),
      pipeline_(pipeline),
      counters_(counters),
      in_(options.batch, options.query_bytes),
      out_(options.batch, options.answer_bytes),
      watch_(loop, socket_.fd(), [this](net::FdWatch::Ready) {
        for (int i = 0; i < kBatchesPerTurn && ReadBatch(); ++i) {
        }
      }) {}

bool UdpPath::ReadBatch() noexcept {
  const std::size_t count = in_.Receive(socket_).count;
  if (count == 0) return false;
  pipeline_.SetTime(UnixMilliseconds());
  counters_.queries.Add(count);
  for (std::size_t slot = 0; slot < count; ++slot) Answer(slot);
  Flush();
  return count == in_.slots();
}

void UdpPath::Answer(std::size_t slot) noexcept {
  const dns::Bytes query = in_.payload(slot);
  if (query.empty()) return counters_.oversized.Add();
  const net::UdpPeer peer = in_.peer(slot);
  const Asker from{Transport::kUdp, peer.remote};
  if (out_.full()) Flush();
  const Outcome outcome = pipeline_.Handle(query, from, out_.Next());
  if (outcome.verdict == Verdict::kAnswer) {
    out_.Commit(outcome.size, peer);
  } else if (outcome.verdict == Verdict::kWait) {
    const ReplyRoute route = MakeRoute({RouteKind::kUdp, index_}, peer);
    if (deferring_ && pipeline_.Defer(query, from, route)) {
      counters_.deferred.Add();
    } else {
      counters_.turned_away.Add();
    }
  }
}

void UdpPath::Deliver(const ReplyRoute& route, dns::Bytes answer) noexcept {
  if (out_.full()) Flush();
  const dns::MutableBytes slot = out_.Next();
  if (answer.size() > slot.size()) return counters_.not_sent.Add();
  std::memcpy(slot.data(), answer.data(), answer.size());
  out_.Commit(answer.size(), ReadRoute<net::UdpPeer>(route));
}

void UdpPath::Flush() noexcept {
  if (out_.empty()) return;
  const net::UdpOutbox::Flushed flushed = out_.Flush(socket_);
  counters_.answers.Add(flushed.sent);
  counters_.in_runs.Add(flushed.in_runs);
  if (flushed.dropped != 0) counters_.not_sent.Add(flushed.dropped);
}

void UdpPath::Close() noexcept {
  watch_.Watch(false, false);
  for (int i = 0; i < kBatchesAtClose && ReadBatch(); ++i) {
  }
}

}  // namespace sealwire::proxy
