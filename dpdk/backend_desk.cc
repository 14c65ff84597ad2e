#include "dpdk/backend_desk.h"

#include <pthread.h>
#include <rte_errno.h>

#include <atomic>
#include <string>

namespace sealwire::dpdk {
namespace {

constexpr unsigned kRepliesAtOnce = 32;
constexpr std::size_t kUsualReply = 1232;
constexpr std::size_t kUsualBackends = 8;

// A forward client's ticket: which line, and which of its slots.
constexpr unsigned kSlotBits = 20;
constexpr std::uint32_t kMaxSlots = 1u << kSlotBits;
constexpr std::size_t kMaxLines = 1u << (32 - kSlotBits);

RingHandle MakeRing(std::uint32_t slots) {
  static std::atomic<unsigned> number{0};
  const std::string name = "sealwire-desk-" + std::to_string(number++);
  return RingHandle(rte_ring_create(name.c_str(), slots, SOCKET_ID_ANY,
                                    RING_F_SP_ENQ | RING_F_SC_DEQ | RING_F_EXACT_SZ));
}

}  // namespace

DeskLine::DeskLine(std::uint32_t slots, Doorbell& bell) : bell_(bell), slots_(slots) {
  free_.reserve(slots);
  for (AskSlot& slot : slots_) {
    slot.backends.endpoints.reserve(kUsualBackends);
    slot.reply.reserve(kUsualReply);
    free_.push_back(&slot);
  }
}

Result<std::unique_ptr<DeskLine>> DeskLine::Create(std::uint32_t slots, Doorbell& bell) {
  std::unique_ptr<DeskLine> line(new DeskLine(slots, bell));
  line->questions_ = MakeRing(slots);
  line->replies_ = MakeRing(slots);
  if (line->questions_ == nullptr || line->replies_ == nullptr) {
    return Error{std::string("a ring between an lcore and its backends cannot be made: ") +
                 rte_strerror(rte_errno)};
  }
  return line;
}

bool DeskLine::Ask(const proxy::ForwardSet& backends, const proxy::BackendQuestion& question,
                   proxy::Ticket ticket) noexcept {
  if (closed_ || free_.empty()) return false;
  AskSlot* slot = free_.back();
  slot->ticket = ticket;
  slot->name = question.name;
  slot->type = question.type;
  slot->client = question.client;
  slot->subnet = question.subnet;
  slot->backends.id = backends.id;
  slot->backends.client_address = backends.client_address;
  slot->backends.tsig = backends.tsig;
  slot->backends.endpoints.assign(backends.endpoints.begin(), backends.endpoints.end());
  slot->failed = false;
  if (rte_ring_sp_enqueue(questions_.get(), slot) != 0) return false;
  free_.pop_back();
  asked_ = true;
  return true;
}

void DeskLine::RingIfAsked() noexcept {
  if (!asked_) return;
  asked_ = false;
  bell_.Ring();
}

unsigned DeskLine::DeliverReplies(proxy::Pipeline& pipeline) noexcept {
  void* done[kRepliesAtOnce];
  const unsigned count = rte_ring_sc_dequeue_burst(replies_.get(), done, kRepliesAtOnce, nullptr);
  for (unsigned i = 0; i < count; ++i) {
    auto* slot = static_cast<AskSlot*>(done[i]);
    if (slot->failed) {
      pipeline.OnBackendFailure(slot->ticket);
    } else {
      pipeline.OnBackendReply(slot->ticket, slot->reply);
    }
    free_.push_back(slot);
  }
  return count;
}

AskSlot* DeskLine::TakeQuestion() noexcept {
  void* slot = nullptr;
  return rte_ring_sc_dequeue(questions_.get(), &slot) == 0 ? static_cast<AskSlot*>(slot) : nullptr;
}

void DeskLine::PutReply(AskSlot* slot) noexcept {
  rte_ring_sp_enqueue(replies_.get(), slot);  // as many places as slots: there is always one
}

Result<std::unique_ptr<BackendDesk>> BackendDesk::Create(std::size_t lines,
                                                         std::uint32_t slots_per_line,
                                                         const proxy::ForwardOptions& options) {
  if (lines > kMaxLines || slots_per_line > kMaxSlots) {
    return Error{"too many lcores, or too many questions an lcore may have under way"};
  }
  std::unique_ptr<BackendDesk> desk(new BackendDesk);
  for (std::size_t i = 0; i < lines; ++i) {
    auto line = DeskLine::Create(slots_per_line, desk->bell_);
    if (!line) return Error{line.error()};
    desk->lines_.push_back(std::move(*line));
  }
  auto loop = net::EventLoop::Create();
  if (!loop) return Error{loop.error()};
  desk->loop_ = std::move(*loop);
  desk->client_ = std::make_unique<proxy::ForwardClient>(*desk->loop_, options, *desk);
  BackendDesk* self = desk.get();
  desk->watch_ = std::make_unique<net::FdWatch>(
      *desk->loop_, desk->bell_.fd(), [self](net::FdWatch::Ready) { self->TakeQuestions(); });
  if (!desk->watch_->Watch(true, false))
    return Error{"the event loop of the backends cannot watch its bell"};
  return desk;
}

BackendDesk::~BackendDesk() {
  Stop();
  watch_.reset();
  client_.reset();
}

void BackendDesk::Start() {
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "sw-backends");
    loop_->Run();
  });
}

void BackendDesk::Stop() {
  if (!thread_.joinable()) return;
  loop_->Stop();
  thread_.join();
}

void BackendDesk::TakeQuestions() {
  bell_.Arm();
  for (std::size_t index = 0; index < lines_.size(); ++index) {
    while (AskSlot* slot = lines_[index]->TakeQuestion()) {
      const proxy::BackendQuestion question{slot->name, slot->type, slot->client, slot->subnet};
      const auto ticket =
          static_cast<proxy::Ticket>(index << kSlotBits | lines_[index]->IndexOf(slot));
      if (!client_->Ask(slot->backends, question, ticket)) OnBackendFailure(ticket);
    }
  }
}

void BackendDesk::OnBackendReply(proxy::Ticket ticket, dns::Bytes reply) noexcept {
  Finish(ticket, reply, false);
}

void BackendDesk::OnBackendFailure(proxy::Ticket ticket) noexcept {
  Finish(ticket, {}, true);
}

void BackendDesk::Finish(proxy::Ticket ticket, dns::Bytes reply, bool failed) noexcept {
  DeskLine& line = *lines_[ticket >> kSlotBits];
  AskSlot& slot = line.slot(ticket & (kMaxSlots - 1));
  slot.failed = failed;
  slot.reply.assign(reply.begin(), reply.end());
  line.PutReply(&slot);
}

}  // namespace sealwire::dpdk
