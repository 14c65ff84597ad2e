#include "dpdk/lcore.h"

#include <pthread.h>
#include <rte_cycles.h>
#include <rte_prefetch.h>
#include <time.h>

#include <algorithm>

#include "dpdk/eal.h"
#include "dpdk/reply_route.h"
#include "dpdk/truncated_reply.h"
#include "net/random.h"

namespace sealwire::dpdk {
namespace {

constexpr std::uint32_t kMinAnswer = 512;  // RFC 1035 section 4.2.1
constexpr std::uint32_t kMaxAnswer = RTE_MBUF_DEFAULT_DATAROOM - kMaxReplyHeader;
constexpr std::uint32_t kNeighbourRate = 2000;
constexpr int kSendTries = 16;
constexpr unsigned kMostPrefetched = 8;  // cache lines of an answer

std::uint64_t UnixMilliseconds() noexcept {
  timespec now;
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1000 +
         static_cast<std::uint64_t>(now.tv_nsec) / 1'000'000;
}

dns::Bytes HeadOf(const rte_mbuf* buffer) noexcept {
  return {rte_pktmbuf_mtod(buffer, const std::uint8_t*), rte_pktmbuf_data_len(buffer)};
}

// A query fills two cache lines as a rule, with one of the buffer's own before them.
void Prefetch(const rte_mbuf* buffer) noexcept {
  const auto* frame = rte_pktmbuf_mtod(buffer, const std::uint8_t*);
  rte_prefetch0(frame);
  rte_prefetch0(frame + RTE_CACHE_LINE_SIZE);
}

// Where an answer will be written: whoever read the last one there (a NIC, another process) still
// has these lines, and taking them back takes longer than the answer.
void PrefetchForAnswer(const std::uint8_t* place, unsigned lines) noexcept {
  for (unsigned i = 0; i < lines; ++i) __builtin_prefetch(place + i * RTE_CACHE_LINE_SIZE, 1);
}

// Where the headers lie is in a cache line of its own: written for ports that want to know.
void AskForChecksums(rte_mbuf& reply, const ReplyLayout& layout) noexcept {
  reply.l2_len = layout.ip;
  reply.l3_len = static_cast<std::uint16_t>(layout.udp - layout.ip);
  reply.ol_flags = layout.v6
                       ? RTE_MBUF_F_TX_IPV6 | RTE_MBUF_F_TX_UDP_CKSUM
                       : RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_UDP_CKSUM;
}

// ARP and IPv6 neighbour discovery: without them the port is deaf, so junk must not starve them.
bool IsNeighbourTraffic(dns::Bytes head) noexcept {
  if (head.size() < 14 + 40) return head.size() >= 14 && head[12] == 0x08 && head[13] == 0x06;
  if (head[12] == 0x08 && head[13] == 0x06) return true;
  return head[12] == 0x86 && head[13] == 0xdd && head[20] == 58;
}

// Pipelines may write up to max_udp_size octets; a reply must also fit the port's MTU.
proxy::PipelineOptions FitToPort(proxy::PipelineOptions options, const Port& port) {
  if (options.hash_seed == 0) options.hash_seed = net::Random().U64();
  const std::size_t most = port.traits().mtu - (kMaxReplyHeader - 14);
  options.max_udp_size = static_cast<std::uint16_t>(std::clamp<std::size_t>(
      std::min<std::size_t>(options.max_udp_size, most), kMinAnswer, kMaxAnswer));
  return options;
}

}  // namespace

Lcore::Lcore(const EdgeOptions& options, LcoreSeat seat,
             std::unique_ptr<signer::DigestSigner> signer)
    : options_(options),
      seat_(std::move(seat)),
      offload_(seat_.port->traits().checksums),
      max_answer_(FitToPort(options.pipeline, *seat_.port).max_udp_size),
      signer_(std::move(signer)),
      pipeline_(FitToPort(options.pipeline, *seat_.port), *signer_, seat_.line, this),
      pacer_(options.poll, options.max_sleep, *seat_.port, seat_.queues, counters_),
      kernel_tokens_(options.exception_rate),
      neighbour_tokens_(kNeighbourRate) {}

Lcore::~Lcore() {
  rte_pktmbuf_free_bulk(sending_, sending_count_);
}

void Lcore::Run() {
  const PollThread registration;
  if (seat_.cpu >= 0) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(seat_.cpu, &set);
    pthread_setaffinity_np(pthread_self(), sizeof set, &set);
  }
  // Without zones every query would be refused, which says "lame" to a resolver: let it ask again.
  while (mailbox_.Empty() && !stop_.load(std::memory_order_relaxed)) rte_delay_us_sleep(200);
  TakeZones();
  pacer_.Begin();
  std::uint64_t end_ms = 0;
  while (true) {
    const unsigned work = Round();
    if (work != 0) {
      pacer_.OnWork();
    } else {
      pacer_.OnEmpty(seat_.line->under_way() == 0 && !seat_.fetches_from_gate);
    }
    if (!stop_.load(std::memory_order_relaxed)) continue;
    seat_.line->Close();
    const std::uint64_t now = UnixMilliseconds();
    if (end_ms == 0) end_ms = now + static_cast<std::uint64_t>(patience_ms_.load());
    if (seat_.line->under_way() == 0 || now >= end_ms) break;
  }
}

void Lcore::Stop(std::chrono::milliseconds patience) noexcept {
  patience_ms_.store(patience.count());
  stop_.store(true, std::memory_order_relaxed);
}

unsigned Lcore::Round() noexcept {
  unsigned work = 0;
  for (const std::uint16_t queue : seat_.queues) work += PollQueue(queue);
  if (seat_.line->under_way() != 0) work += seat_.line->DeliverReplies(pipeline_);
  if (seat_.fetches_from_gate) work += FetchFromKernel();
  if (sending_count_ != 0) Flush();
  seat_.line->RingIfAsked();
  counters_.polls.Add();
  if (work == 0) {
    counters_.empty_polls.Add();
    TakeZones();
    ReadClock();
    pipeline_.GiveUpOnKeys();
  }
  return work;
}

void Lcore::ReadClock() noexcept {
  const std::uint64_t now = UnixMilliseconds();
  pipeline_.SetTime(now);
  kernel_tokens_.SetTime(now);
  neighbour_tokens_.SetTime(now);
}

void Lcore::TakeZones() noexcept {
  const auto letter = mailbox_.Take();
  if (letter == nullptr) return;
  pipeline_.UseZones(std::move(letter->zones));
  mailbox_.Acknowledge(letter->number);
}

unsigned Lcore::PollQueue(std::uint16_t queue) noexcept {
  rte_mbuf* received[kBurst];
  const std::uint64_t started = rte_rdtsc();
  const std::uint16_t count = rte_eth_rx_burst(seat_.port->id(), queue, received, kBurst);
  if (count == 0) return 0;
  TakeZones();
  ReadClock();

  const std::uint64_t received_at = rte_rdtsc();
  for (std::uint16_t i = 0; i < count; ++i) rte_prefetch0(received[i]);
  for (std::uint16_t i = 0; i < count; ++i) Prefetch(received[i]);
  query_count_ = foreign_count_ = 0;
  for (std::uint16_t i = 0; i < count; ++i) Sort(received[i]);

  const std::uint64_t parsed_at = rte_rdtsc();
  if (query_count_ != 0) AnswerQueries();

  const std::uint64_t answered_at = rte_rdtsc();
  if (sending_count_ != 0) Flush();
  if (foreign_count_ != 0) PassToKernel();
  const std::uint64_t sent_at = rte_rdtsc();

  counters_.frames.Add(count);
  counters_.queries.Add(query_count_);
  counters_.receive_cycles.Add(received_at - started);
  counters_.parse_cycles.Add(parsed_at - received_at);
  counters_.answer_cycles.Add(answered_at - parsed_at);
  counters_.send_cycles.Add(sent_at - answered_at);
  return count;
}

void Lcore::Sort(rte_mbuf* buffer) noexcept {
  const dns::Bytes head = HeadOf(buffer);
  Query& query = queries_[query_count_];
  switch (ParseFrame(head, rte_pktmbuf_pkt_len(buffer), *seat_.served, query.frame)) {
    case FrameVerdict::kQuery:
      if (options_.verify_checksums && !ChecksumsHold(buffer, head, query.frame)) {
        counters_.bad_checksum.Add();
        break;
      }
      query.buffer = buffer;
      ++query_count_;
      return;
    case FrameVerdict::kIncomplete:
      AnswerTruncated(buffer, query.frame);
      return;
    case FrameVerdict::kForeign:
      if (seat_.gate != nullptr &&
          (IsNeighbourTraffic(head) ? neighbour_tokens_ : kernel_tokens_).Take()) {
        foreign_[foreign_count_++] = buffer;
        return;
      }
      counters_.not_to_kernel.Add();
      break;
    case FrameVerdict::kMalformed:
      counters_.malformed.Add();
      break;
  }
  rte_pktmbuf_free(buffer);
}

bool Lcore::ChecksumsHold(const rte_mbuf* buffer, dns::Bytes head, const Frame& frame) noexcept {
  const std::uint64_t ip = buffer->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK;
  if (ip == RTE_MBUF_F_RX_IP_CKSUM_BAD) return false;
  if (ip != RTE_MBUF_F_RX_IP_CKSUM_GOOD && CheckIpHeader(head, frame) == Checksum::kBad)
    return false;
  const std::uint64_t udp = buffer->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;
  // Over IPv6 we look ourselves: a NIC may call an absent checksum good.
  if (udp == RTE_MBUF_F_RX_L4_CKSUM_GOOD && !frame.v6) return true;
  const Checksum found = CheckUdp(head, frame);
  if (found == Checksum::kPartial) return seat_.port->traits().partial_checksums;
  return found != Checksum::kBad;
}

void Lcore::AnswerQueries() noexcept {
  unsigned placed = 0;
  for (unsigned i = 0; i < query_count_; ++i) {
    Query& query = queries_[placed] = queries_[i];
    if (!FindPlace(query)) continue;
    const dns::Bytes head = HeadOf(query.buffer);
    proxy::Arrival& arrival = arrivals_[placed++];
    arrival.query = head.subspan(query.frame.payload, query.frame.payload_size);
    arrival.from = {proxy::Transport::kUdp, ClientOf(head, query.frame)};
    arrival.out = query.place.subspan(query.layout.payload);
  }
  pipeline_.Handle(std::span(arrivals_).first(placed));
  std::size_t longest = 0;
  for (unsigned i = 0; i < placed; ++i) {
    longest =
        std::max(longest, queries_[i].layout.payload + std::size_t{arrivals_[i].outcome.size});
    Conclude(queries_[i], arrivals_[i]);
  }
  // The next burst's answers will be about as long.
  answer_lines_ = static_cast<unsigned>(
      std::min<std::size_t>(longest / RTE_CACHE_LINE_SIZE + 1, kMostPrefetched));
}

// Behind the query, on a cache line of its own, if the buffer is ours alone and has room.
bool Lcore::FindPlace(Query& query) noexcept {
  query.layout = LayoutOfReply(query.frame);
  query.reply = query.buffer;
  const rte_mbuf* buffer = query.buffer;
  std::size_t start = RTE_CACHE_LINE_ROUNDUP(buffer->data_off + rte_pktmbuf_data_len(buffer));
  if (!RTE_MBUF_DIRECT(buffer) || rte_mbuf_refcnt_read(buffer) != 1 || buffer->nb_segs != 1 ||
      start + query.layout.payload + max_answer_ > buffer->buf_len) {
    query.reply = rte_pktmbuf_alloc(seat_.port->pool(seat_.queues[0]));
    if (query.reply == nullptr) {
      counters_.no_buffer.Add();
      rte_pktmbuf_free(query.buffer);
      return false;
    }
    start = query.reply->data_off;
  }
  query.place = {static_cast<std::uint8_t*>(query.reply->buf_addr) + start,
                 query.layout.payload + max_answer_};
  PrefetchForAnswer(query.place.data(), answer_lines_);
  return true;
}

void Lcore::Conclude(const Query& query, const proxy::Arrival& arrival) noexcept {
  const proxy::Outcome& outcome = arrival.outcome;
  const dns::Bytes head = HeadOf(query.buffer);
  rte_mbuf* reply = query.reply;
  if (outcome.verdict == proxy::Verdict::kAnswer) {
    const dns::MutableBytes whole = query.place.first(query.layout.payload + outcome.size);
    WriteReplyHeader(head, query.frame, whole, offload_,
                     outcome.is_summed ? std::optional(outcome.sum) : std::nullopt);
    reply->data_off =
        static_cast<std::uint16_t>(whole.data() - static_cast<std::uint8_t*>(reply->buf_addr));
    reply->data_len = static_cast<std::uint16_t>(whole.size());
    reply->pkt_len = static_cast<std::uint32_t>(whole.size());
    reply->ol_flags = 0;
    if (offload_.udp) AskForChecksums(*reply, query.layout);
    counters_.answers.Add();
    Send(reply);
    if (reply != query.buffer) rte_pktmbuf_free(query.buffer);
    return;
  }
  if (outcome.verdict == proxy::Verdict::kWait) {
    WriteUnfinishedHeader(head, query.frame, query.place);
    if (!pipeline_.Defer(arrival.query, arrival.from, PackRoute(query.place, query.layout))) {
      counters_.turned_away.Add();
    }
  } else {
    counters_.dropped.Add();
  }
  if (reply != query.buffer) rte_pktmbuf_free(reply);
  rte_pktmbuf_free(query.buffer);
}

void Lcore::AnswerTruncated(rte_mbuf* buffer, const Frame& frame) noexcept {
  const dns::Bytes head = HeadOf(buffer);
  std::uint8_t header[kMaxReplyHeader];
  std::uint8_t answer[kMaxTruncatedReply];
  const std::size_t size = WriteTruncatedReply(head.subspan(frame.payload, frame.payload_size),
                                               options_.pipeline.max_udp_size, answer);
  if (size == 0) {
    counters_.malformed.Add();
  } else {
    WriteUnfinishedHeader(head, frame, header);
    counters_.truncated.Add();
    SendCopy(PackRoute(header, LayoutOfReply(frame)), dns::Bytes(answer).first(size));
  }
  rte_pktmbuf_free(buffer);
}

void Lcore::Deliver(const proxy::ReplyRoute& route, dns::Bytes answer) noexcept {
  counters_.late_answers.Add();
  SendCopy(route, answer);
}

void Lcore::SendCopy(const proxy::ReplyRoute& route, dns::Bytes answer) noexcept {
  rte_mbuf* reply = rte_pktmbuf_alloc(seat_.port->pool(seat_.queues[0]));
  if (reply == nullptr || answer.size() + kMaxReplyHeader > rte_pktmbuf_tailroom(reply)) {
    counters_.no_buffer.Add();
    rte_pktmbuf_free(reply);
    return;
  }
  const dns::MutableBytes place(rte_pktmbuf_mtod(reply, std::uint8_t*),
                                rte_pktmbuf_tailroom(reply));
  const ReplyLayout layout = UnpackRoute(route, place);
  std::memcpy(place.subspan(layout.payload).data(), answer.data(), answer.size());
  const dns::MutableBytes whole = place.first(layout.payload + answer.size());
  FinishReply(whole, layout, {});
  rte_pktmbuf_append(reply, static_cast<std::uint16_t>(whole.size()));
  Send(reply);
}

void Lcore::Send(rte_mbuf* buffer) noexcept {
  sending_[sending_count_++] = buffer;
  if (sending_count_ == kSendBatch) Flush();
}

// A port whose queue is full gets a few more tries, then its frames are dropped: clients ask again,
// and frames that wait would wait longer than they do.
void Lcore::Flush() noexcept {
  const std::uint16_t port = seat_.port->id();
  const std::uint16_t queue = seat_.queues[0];
  unsigned sent = 0;
  if (offload_.udp)
    rte_eth_tx_prepare(port, queue, sending_, static_cast<std::uint16_t>(sending_count_));
  for (int tries = 0; tries < kSendTries && sent < sending_count_; ++tries) {
    sent += rte_eth_tx_burst(port, queue, sending_ + sent,
                             static_cast<std::uint16_t>(sending_count_ - sent));
  }
  if (sent < sending_count_) {
    counters_.not_sent.Add(sending_count_ - sent);
    rte_pktmbuf_free_bulk(sending_ + sent, sending_count_ - sent);
  }
  sending_count_ = 0;
}

void Lcore::PassToKernel() noexcept {
  const unsigned taken = seat_.gate->Pass(foreign_, foreign_count_);
  counters_.to_kernel.Add(taken);
  counters_.not_to_kernel.Add(foreign_count_ - taken);
  if (taken < foreign_count_) rte_pktmbuf_free_bulk(foreign_ + taken, foreign_count_ - taken);
}

unsigned Lcore::FetchFromKernel() noexcept {
  const unsigned room = std::min<unsigned>(kSendBatch - sending_count_, kBurst);
  const unsigned count = seat_.gate->Fetch(sending_ + sending_count_, room);
  sending_count_ += count;
  counters_.from_kernel.Add(count);
  return count;
}

}  // namespace sealwire::dpdk
