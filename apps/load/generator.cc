#include "apps/load/generator.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <optional>
#include <thread>

#include "apps/load/flights.h"
#include "dns/message_view.h"
#include "net/udp_socket.h"

namespace sealwire::load {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kExpireEvery = kSecond / 20;
constexpr std::size_t kBatch = 64;

std::uint64_t Now() noexcept {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * kSecond + static_cast<std::uint64_t>(now.tv_nsec);
}

// FNV-1a of the question, in lower case: tells a reply to another question from the one awaited.
std::uint32_t Mark(dns::Bytes question) noexcept {
  std::uint32_t hash = 2166136261;
  for (const std::uint8_t octet : question) hash = (hash ^ dns::ToLower(octet)) * 16777619;
  return hash;
}

// The octets of the first question; empty when it is cut short or compressed.
dns::Bytes QuestionOf(dns::Bytes message) noexcept {
  if (message.size() < dns::kHeaderSize) return {};
  const auto name = dns::NameView::Parse(message.subspan(dns::kHeaderSize));
  if (!name || message.size() < dns::kHeaderSize + name->size() + 4) return {};
  return message.subspan(dns::kHeaderSize, name->size() + 4);
}

struct Lane {
  net::UdpSocket socket;
  Flights flights;
};

// One thread's share of the load.
class Generator {
 public:
  Generator(const LoadPlan& plan, std::vector<Lane> lanes, std::unique_ptr<QuestionSource> source,
            const std::atomic<bool>& stop)
      : plan_(plan), lanes_(std::move(lanes)), source_(std::move(source)), stop_(stop) {
    to_.remote = plan.target;
    counts_.per_second.resize(static_cast<std::size_t>(plan.seconds) + 2);
    limit_ = plan.max_questions == 0
                 ? ~std::uint64_t{0}
                 : std::max<std::uint64_t>(plan.max_questions / plan.threads, 1);
    rate_ = plan.rate / plan.threads;
  }

  void Run() {
    start_ = Now();
    const std::uint64_t end = start_ + static_cast<std::uint64_t>(plan_.seconds * 1e9);
    now_ = start_;
    while (now_ < end && !stop_.load(std::memory_order_relaxed)) {
      const std::size_t sent = SendDue();
      const std::size_t received = ReceiveAll();
      ExpireNowAndThen();
      if (no_more_ && UnderWay() == 0) break;
      if (sent == 0 && received == 0) Wait();
      now_ = Now();
    }
    counts_.seconds = static_cast<double>(now_ - start_) / 1e9;
    if (rate_ > 0 && !no_more_) {
      const auto due = std::min(DueBy(std::min(now_, end)) - 1, limit_);  // the end itself is out
      counts_.unsent = due > counts_.sent ? due - counts_.sent : 0;
    }
    Drain();
  }

  const LoadCounts& counts() const noexcept { return counts_; }

 private:
  std::uint64_t DueBy(std::uint64_t time) const noexcept {
    return 1 + static_cast<std::uint64_t>(static_cast<double>(time - start_) / 1e9 * rate_);
  }

  std::size_t UnderWay() const noexcept {
    std::size_t sum = 0;
    for (const Lane& lane : lanes_) sum += lane.flights.size();
    return sum;
  }

  // Sends what is due and has room, a batch to each socket in turn.
  std::size_t SendDue() {
    if (no_more_) return 0;
    const std::uint64_t due = rate_ > 0 ? DueBy(now_) : ~std::uint64_t{0};
    const std::uint64_t most = std::min(due, limit_);
    std::size_t sent = 0;
    for (std::size_t i = 0; i < lanes_.size() && counts_.sent < most && !no_more_; ++i) {
      Lane& lane = lanes_[next_lane_];
      next_lane_ = (next_lane_ + 1) % lanes_.size();
      sent += SendBatch(lane, most);
    }
    if (counts_.sent >= limit_) no_more_ = true;
    return sent;
  }

  std::size_t SendBatch(Lane& lane, std::uint64_t most) {
    std::size_t count = 0;
    while (count < kBatch && counts_.sent < most && !lane.flights.full()) {
      const dns::MutableBytes out = outbox_.Next();
      const std::size_t size = source_->Next(out);
      if (size == 0) {
        no_more_ = true;
        break;
      }
      const std::uint64_t since =
          rate_ > 0
              ? start_ + static_cast<std::uint64_t>(static_cast<double>(counts_.sent) / rate_ * 1e9)
              : now_;
      const std::uint16_t id = lane.flights.Start(since, now_, Mark(QuestionOf(out.first(size))));
      out[0] = static_cast<std::uint8_t>(id >> 8);
      out[1] = static_cast<std::uint8_t>(id);
      outbox_.Commit(size, to_);
      ++counts_.sent;
      ++count;
    }
    if (count > 0) counts_.unsendable += outbox_.Flush(lane.socket).dropped;
    return count;
  }

  std::size_t ReceiveAll() {
    std::size_t received = 0;
    for (Lane& lane : lanes_) {
      if (lane.flights.size() == 0) continue;
      const auto batch = inbox_.Receive(lane.socket);
      if (batch.refused) ++counts_.refused;
      if (batch.count == 0) continue;
      const std::uint64_t now = Now();
      for (std::size_t i = 0; i < batch.count; ++i) Take(lane, inbox_.payload(i), now);
      received += batch.count;
    }
    return received;
  }

  void Take(Lane& lane, dns::Bytes reply, std::uint64_t now) {
    const auto header = dns::ParseHeader(reply);
    const auto since = header && header->qr
                           ? lane.flights.Finish(header->id, Mark(QuestionOf(reply)))
                           : std::nullopt;
    if (!since) {
      ++counts_.unexpected;
      return;
    }
    ++counts_.answered;
    ++rcodes_[header->rcode];
    counts_.truncated += header->tc ? 1 : 0;
    counts_.reply_octets += reply.size();
    counts_.latency.Record(now - *since);
    const std::size_t second = (now - start_) / kSecond;
    if (second < counts_.per_second.size()) ++counts_.per_second[second];
  }

  void ExpireNowAndThen() {
    if (now_ - expired_at_ < kExpireEvery) return;
    expired_at_ = now_;
    const std::uint64_t timeout = std::uint64_t{plan_.timeout_ms} * 1'000'000;
    if (now_ < timeout) return;
    for (Lane& lane : lanes_) counts_.lost += lane.flights.Expire(now_ - timeout);
  }

  // Sleeps until a reply comes or the next question is due.
  void Wait() {
    polled_.clear();
    for (const Lane& lane : lanes_) polled_.push_back({lane.socket.fd(), POLLIN, 0});
    std::uint64_t sleep = kSecond / 1000;
    if (rate_ > 0 && !no_more_) {
      const auto next =
          start_ + static_cast<std::uint64_t>(static_cast<double>(counts_.sent) / rate_ * 1e9);
      sleep = next > now_ ? std::min(sleep, next - now_) : 0;
    }
    const timespec timeout{0, static_cast<long>(sleep)};
    ppoll(polled_.data(), polled_.size(), &timeout, nullptr);
  }

  // Answers to what was sent still count; questions that stay open are lost.
  void Drain() {
    const std::uint64_t end = Now() + std::uint64_t{plan_.timeout_ms} * 1'000'000;
    no_more_ = true;
    for (now_ = Now(); UnderWay() > 0 && now_ < end; now_ = Now()) {
      if (ReceiveAll() == 0) Wait();
    }
    for (Lane& lane : lanes_) counts_.lost += lane.flights.Expire(~std::uint64_t{0});
    for (std::size_t rcode = 0; rcode < rcodes_.size(); ++rcode) {
      if (rcodes_[rcode] > 0) counts_.rcodes[static_cast<std::uint16_t>(rcode)] = rcodes_[rcode];
    }
    counts_.per_second.resize(
        std::min(counts_.per_second.size(), static_cast<std::size_t>(counts_.seconds)));
  }

  const LoadPlan& plan_;
  std::vector<Lane> lanes_;
  std::unique_ptr<QuestionSource> source_;
  const std::atomic<bool>& stop_;
  net::UdpInbox inbox_{kBatch};
  net::UdpOutbox outbox_{kBatch, 512};
  net::UdpPeer to_;
  LoadCounts counts_;
  std::array<std::uint64_t, 16> rcodes_{};
  std::vector<pollfd> polled_;
  std::uint64_t limit_;
  double rate_;
  std::uint64_t start_ = 0;
  std::uint64_t now_ = 0;
  std::uint64_t expired_at_ = 0;
  std::size_t next_lane_ = 0;
  bool no_more_ = false;
};

void PinTo(std::thread& thread, int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<std::size_t>(cpu), &set);
  pthread_setaffinity_np(thread.native_handle(), sizeof set, &set);
}

Result<std::unique_ptr<Generator>> MakeGenerator(const LoadPlan& plan, const SourceMaker& maker,
                                                 unsigned index, const std::atomic<bool>& stop) {
  auto source = maker(index);
  if (!source) return Error{source.error()};
  const unsigned all_lanes = plan.threads * plan.sockets;
  std::vector<Lane> lanes;
  for (unsigned i = 0; i < plan.sockets; ++i) {
    auto socket = net::UdpSocket::Connect(plan.target, 4u << 20);
    if (!socket) return Error{socket.error()};
    // Questions that do not divide evenly go to the first sockets.
    const unsigned lane = index * plan.sockets + i;
    const unsigned share =
        plan.outstanding / all_lanes + (lane < plan.outstanding % all_lanes ? 1 : 0);
    lanes.push_back({std::move(*socket), Flights(std::max(share, 1u))});
  }
  return std::make_unique<Generator>(plan, std::move(lanes), std::move(*source), stop);
}

}  // namespace

void LoadCounts::Merge(const LoadCounts& other) {
  sent += other.sent;
  answered += other.answered;
  lost += other.lost;
  unsent += other.unsent;
  unsendable += other.unsendable;
  unexpected += other.unexpected;
  refused += other.refused;
  truncated += other.truncated;
  reply_octets += other.reply_octets;
  for (const auto& [rcode, count] : other.rcodes) rcodes[rcode] += count;
  per_second.resize(std::max(per_second.size(), other.per_second.size()));
  for (std::size_t i = 0; i < other.per_second.size(); ++i) per_second[i] += other.per_second[i];
  latency.Merge(other.latency);
  seconds = std::max(seconds, other.seconds);
}

Result<LoadCounts> RunLoad(const LoadPlan& plan, const SourceMaker& make_source,
                           const std::atomic<bool>& stop) {
  std::vector<std::unique_ptr<Generator>> generators;
  for (unsigned i = 0; i < plan.threads; ++i) {
    auto generator = MakeGenerator(plan, make_source, i, stop);
    if (!generator) return Error{generator.error()};
    generators.push_back(std::move(*generator));
  }
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < plan.threads; ++i) {
    threads.emplace_back([&generator = *generators[i]] { generator.Run(); });
    if (plan.first_cpu >= 0) PinTo(threads.back(), plan.first_cpu + static_cast<int>(i));
  }
  for (std::thread& thread : threads) thread.join();
  LoadCounts all;
  for (const auto& generator : generators) all.Merge(generator->counts());
  return all;
}

bool IsLocal(const net::IpAddress& address) noexcept {
  const dns::Bytes o = address.octets();
  if (!address.IsV6()) {
    return o[0] == 127 || o[0] == 10 || (o[0] == 172 && o[1] >= 16 && o[1] < 32) ||
           (o[0] == 192 && o[1] == 168) || (o[0] == 169 && o[1] == 254);
  }
  const bool loopback =
      o[15] == 1 && std::all_of(o.begin(), o.end() - 1, [](auto x) { return x == 0; });
  return loopback || (o[0] & 0xfe) == 0xfc || (o[0] == 0xfe && (o[1] & 0xc0) == 0x80);
}

}  // namespace sealwire::load
