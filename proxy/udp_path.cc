#include "proxy/udp_path.h"

#include <cstring>
#include <span>
#include <utility>

#include "net/proxy_header.h"
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
      arrivals_(options.batch),
      peers_(options.batch),
      proxies_(options.proxies),
      watch_(loop, socket_.fd(), [this](net::FdWatch::Ready) {
        for (int i = 0; i < kBatchesPerTurn && ReadBatch(); ++i) {
        }
      }) {}

bool UdpPath::ReadBatch() noexcept {
  const std::size_t count = in_.Receive(socket_).count;
  if (count == 0) return false;
  Flush();  // late answers: the batch takes all slots
  pipeline_.SetTime(UnixMilliseconds());
  counters_.queries.Add(count);
  const std::size_t taken = TakeArrivals(count);
  const std::span batch = std::span(arrivals_).first(taken);
  pipeline_.Handle(batch);
  for (std::size_t i = 0; i < taken; ++i) {
    const Outcome& outcome = batch[i].outcome;
    if (outcome.verdict == Verdict::kAnswer) out_.CommitSlot(i, outcome.size, peers_[i]);
  }
  Flush();
  // A backend may answer at once, and that answer wants a slot.
  for (std::size_t i = 0; i < taken; ++i) {
    if (batch[i].outcome.verdict == Verdict::kWait) Defer(batch[i], peers_[i]);
  }
  Flush();
  return count == in_.slots();
}

std::size_t UdpPath::TakeArrivals(std::size_t count) noexcept {
  std::size_t taken = 0;
  for (std::size_t slot = 0; slot < count; ++slot) {
    dns::Bytes query = in_.payload(slot);
    if (query.empty()) {
      counters_.oversized.Add();
      continue;
    }
    peers_[taken] = in_.peer(slot);
    Asker from{Transport::kUdp, peers_[taken].remote};
    if (!proxies_.empty() && net::AnyContains(proxies_, from.client.address) &&
        !TakeProxyHeader(query, from.client)) {
      counters_.bad_proxy.Add();
      continue;
    }
    arrivals_[taken] = {query, from, out_.slot(taken), {}};
    ++taken;
  }
  return taken;
}

void UdpPath::Defer(const Arrival& arrival, const net::UdpPeer& peer) noexcept {
  const ReplyRoute route = MakeRoute({RouteKind::kUdp, index_}, peer);
  if (deferring_ && pipeline_.Defer(arrival.query, arrival.from, route)) {
    counters_.deferred.Add();
  } else {
    counters_.turned_away.Add();
  }
}

bool UdpPath::TakeProxyHeader(dns::Bytes& query, net::Endpoint& client) noexcept {
  net::ProxyHeader header;
  if (net::ParseProxyHeader(query, header) != net::ProxyHeaderParse::kWhole) return false;
  if (!header.local) client = header.source;
  query = query.subspan(header.size);
  return true;
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
