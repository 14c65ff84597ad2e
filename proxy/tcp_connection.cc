#include "proxy/tcp_connection.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>
#include <vector>

#include "dns/message_view.h"
#include "net/proxy_header.h"
#include "proxy/clock.h"
#include "proxy/reply_routes.h"

namespace sealwire::proxy {

namespace {

constexpr std::size_t kLargestAnswer = 2 + 65535;
// Reads of one connection before the others get their turn.
constexpr int kReadsPerTurn = 4;

std::array<std::uint8_t, 2> Length(std::size_t size) noexcept {
  return {static_cast<std::uint8_t>(size >> 8), static_cast<std::uint8_t>(size)};
}

}  // namespace

TcpConnection::TcpConnection(net::EventLoop& loop, net::FileDescriptor socket,
                             const net::Endpoint& peer, bool proxied, TcpRoute route,
                             TcpShared& shared)
    : socket_(std::move(socket)),
      peer_(peer),
      client_(peer),
      proxied_(proxied),
      awaits_header_(proxied),
      route_(route),
      shared_(shared),
      frames_(dns::kHeaderSize, shared.limits.query_bytes),
      unsent_(shared.limits.unread_bytes),
      last_progress_ms_(SteadyMilliseconds()),
      watch_(loop, socket_.get(), [this](net::FdWatch::Ready ready) { OnReady(ready); }) {}

bool TcpConnection::CanTakeQuery() const noexcept {
  return !failed_ && !shared_.draining && unsent_.empty() &&
         outstanding_ < shared_.limits.outstanding;
}

bool TcpConnection::finished() const noexcept {
  return failed_ || (idle() && (read_closed_ || shared_.draining));
}

void TcpConnection::Watch() noexcept {
  if (!watch_.Watch(!read_closed_ && CanTakeQuery(), !unsent_.empty())) failed_ = true;
}

void TcpConnection::Progress() noexcept {
  last_progress_ms_ = SteadyMilliseconds();
}

void TcpConnection::OnReady(net::FdWatch::Ready ready) noexcept {
  if (ready.writable && !unsent_.empty()) {
    Take(unsent_.Flush(socket_.get()));
    // A client that reads its answers gets the next.
    if (unsent_.empty()) AnswerFrames();
  }
  if (ready.readable && CanTakeQuery()) Read();
  shared_.after_event(*this);
}

void TcpConnection::Read() noexcept {
  for (int i = 0; i < kReadsPerTurn && CanTakeQuery() && !read_closed_; ++i) {
    const dns::MutableBytes room = frames_.Room();
    if (room.empty()) return;
    const ssize_t n = ::recv(socket_.get(), room.data(), room.size(), MSG_DONTWAIT);
    if (n < 0) {
      if (errno != EAGAIN && errno != EINTR) failed_ = true;
      return;
    }
    if (n == 0) {
      read_closed_ = true;
      return;
    }
    frames_.Added(static_cast<std::size_t>(n));
    AnswerFrames();
    if (static_cast<std::size_t>(n) < room.size()) return;
  }
}

void TcpConnection::Resume() noexcept {
  if (CanTakeQuery()) AnswerFrames();
}

bool TcpConnection::TakeProxyHeader() noexcept {
  net::ProxyHeader header;
  switch (net::ParseProxyHeader(frames_.Held(), header)) {
    case net::ProxyHeaderParse::kMore:
      return false;
    case net::ProxyHeaderParse::kBad:
      shared_.counters.bad_proxy_closed.Add();
      failed_ = true;
      return false;
    case net::ProxyHeaderParse::kWhole:
      break;
  }
  if (!header.local) client_ = header.source;
  frames_.Skip(header.size);
  awaits_header_ = false;
  return true;
}

void TcpConnection::AnswerFrames() noexcept {
  if (awaits_header_ && !TakeProxyHeader()) return;
  std::size_t gathered = 0;
  while (CanTakeQuery()) {
    dns::MutableBytes query;
    const TcpFrames::Next next = frames_.Take(query);
    if (next == TcpFrames::Next::kMore) break;
    if (next == TcpFrames::Next::kBad) {
      shared_.counters.bad_frame_closed.Add();
      failed_ = true;
      break;
    }
    Progress();
    if (shared_.answers.size() - gathered < kLargestAnswer) SendGathered(gathered);
    Answer(query, gathered);
  }
  if (gathered != 0) SendGathered(gathered);
}

// Answers are gathered so that a pipelining client gets them in few segments.
void TcpConnection::Answer(dns::Bytes query, std::size_t& gathered) noexcept {
  shared_.counters.queries.Add();
  const Asker from{Transport::kTcp, client_};
  const dns::MutableBytes room = shared_.answers.subspan(gathered, kLargestAnswer);
  const Outcome outcome = shared_.pipeline.Handle(query, from, room.subspan(2));
  if (outcome.verdict == Verdict::kAnswer) {
    const auto length = Length(outcome.size);
    room[0] = length[0];
    room[1] = length[1];
    gathered += 2 + outcome.size;
    shared_.counters.answers.Add();
  } else if (outcome.verdict == Verdict::kHandOver) {
    if (gathered != 0) SendGathered(gathered);
    HandOver(query);
  } else if (outcome.verdict == Verdict::kWait) {
    // What is gathered leaves first: Defer() may deliver, and so send, at once.
    if (gathered != 0) SendGathered(gathered);
    ++outstanding_;
    if (shared_.pipeline.Defer(query, from, MakeRoute({RouteKind::kTcp, 0}, route_))) {
      shared_.counters.deferred.Add();
    } else {
      --outstanding_;
      shared_.counters.turned_away.Add();
    }
  }
}

// A transfer is long: it is made on another thread, which gets the connection with all that came
// and was not answered. For the path the connection has failed, and is forgotten.
void TcpConnection::HandOver(dns::Bytes query) noexcept {
  const bool others_wait = outstanding_ != 0 || !unsent_.empty();
  if (shared_.transfers != nullptr && !failed_ && !others_wait) {
    std::vector<std::uint8_t> received;
    const auto add = [&received](dns::Bytes message) {
      const auto length = Length(message.size());
      received.insert(received.end(), length.begin(), length.end());
      received.insert(received.end(), message.begin(), message.end());
    };
    add(query);
    dns::MutableBytes next;
    while (frames_.Take(next) == TcpFrames::Next::kFrame) add(next);
    watch_.Watch(false, false);
    shared_.transfers->Take(net::FileDescriptor(::dup(socket_.get())), client_, received);
  }
  failed_ = true;
}

void TcpConnection::SendGathered(std::size_t& gathered) noexcept {
  Take(unsent_.Send(socket_.get(), shared_.answers.first(gathered)));
  gathered = 0;
}

void TcpConnection::Deliver(dns::Bytes answer) noexcept {
  if (outstanding_ > 0) --outstanding_;
  if (failed_) return;
  const auto length = Length(answer.size());
  shared_.counters.answers.Add();
  Take(unsent_.Send(socket_.get(), length, answer));
}

void TcpConnection::Take(Unsent::Result result) noexcept {
  if (result == Unsent::Result::kTooMuch) shared_.counters.slow_reader_closed.Add();
  if (result == Unsent::Result::kTooMuch || result == Unsent::Result::kFailed) failed_ = true;
  if (result == Unsent::Result::kSent) Progress();
}

}  // namespace sealwire::proxy
