// What a ForwardClient is inside: questions, their attempts at backends, and what becomes of each.
//
// An attempt is one query under one id to one backend; a question has several when it is asked
// again. It ends in forward_replies.cc, when a reply is taken, or in forward_silence.cc, when time,
// a socket or a connection gives it up. Threading and ownership: proxy/forward_client.h.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "net/proxy_header.h"
#include "net/random.h"
#include "net/udp_slots.h"
#include "proxy/backend_table.h"
#include "proxy/clock.h"
#include "proxy/forward_client.h"
#include "proxy/outstanding_questions.h"

namespace sealwire::proxy {

class ForwardClient::Impl final : public BackendEvents {
 public:
  Impl(net::EventLoop& loop, const ForwardOptions& options, ForwardReplies& replies)
      : options_(options),
        replies_(replies),
        questions_(options.max_outstanding),
        backends_(loop, options_, *this),
        inbox_(kReplySlots, kReplyBytes),
        tick_(loop, [this] { OnTick(); }),
        housekeeping_(loop, [this] { OnHousekeeping(); }) {}

  bool Ask(const ForwardSet& set, const BackendQuestion& asked, Ticket ticket) noexcept;
  std::size_t outstanding() const noexcept { return questions_.size(); }
  std::vector<BackendStatus> Backends() const { return backends_.Statuses(); }
  const LatencyHistogram& latency() const noexcept { return latency_; }

  // BackendEvents.
  void OnDatagrams(Backend& backend, BackendSocket& socket) noexcept override;
  void OnFrame(Backend& backend, std::uint32_t channel, dns::MutableBytes frame) noexcept override;
  void OnStreamEvent(Backend& backend, std::uint32_t channel) noexcept override;
  std::uint32_t NewChannel() noexcept override { return next_channel_++; }

 private:
  // Everything that may call the pipeline runs inside a batch.
  class Batch {
   public:
    explicit Batch(Impl& owner) noexcept : owner_(owner), outermost_(!owner.in_batch_) {
      owner_.now_us_ = SteadyMicroseconds();
      if (!outermost_) return;
      owner_.in_batch_ = true;
      owner_.replies_.BeginBatch();
    }
    ~Batch() {
      if (!outermost_) return;
      owner_.replies_.EndBatch();
      owner_.in_batch_ = false;
    }
    Batch(const Batch&) = delete;
    Batch& operator=(const Batch&) = delete;

   private:
    Impl& owner_;
    bool outermost_;
  };

  // Keeps a backend from making room for another while its event is handled.
  class Pin {
   public:
    explicit Pin(Backend& backend) noexcept : backend_(backend) { ++backend_.references; }
    ~Pin() { --backend_.references; }
    Pin(const Pin&) = delete;
    Pin& operator=(const Pin&) = delete;

   private:
    Backend& backend_;
  };

  // Asking.
  bool AskNext(Question& question) noexcept;
  bool AskOverUdp(Question& question, int candidate) noexcept;
  bool AskOverTcp(Question& question, Backend& backend) noexcept;
  std::size_t WriteHeader(const Question& question, const Backend& backend,
                          net::ProxiedTransport transport, dns::MutableBytes out) const noexcept;
  std::size_t Encode(const Question& question, Attempt& attempt, dns::MutableBytes out) noexcept;
  Attempt* StartAttempt(Question& question, Backend& backend, BackendSocket* socket,
                        std::uint32_t channel) noexcept;
  void EndAttempt(Attempt& attempt) noexcept;

  // Being answered.
  void OnReply(Backend& backend, std::uint32_t channel, dns::MutableBytes reply) noexcept;
  void OnMatch(Question& question, Attempt& attempt, ReplyMatch match,
               dns::MutableBytes reply) noexcept;
  void OnBadTsig(Question& question, Attempt& attempt, signer::TsigVerdict verdict,
                 dns::Bytes reply) noexcept;
  void OnOtherCase(Question& question, Attempt& attempt, dns::MutableBytes reply) noexcept;
  void Deliver(Question& question, dns::MutableBytes reply) noexcept;

  // Not being answered.
  void OnTick() noexcept;
  void OnDue(Question& question) noexcept;
  void OnHousekeeping() noexcept;
  void OnRefused(Backend& backend, std::uint32_t channel) noexcept;
  void OnStreamClosed(Backend& backend, std::uint32_t channel) noexcept;
  void AskElsewhereOrFail(Question& question) noexcept;
  void Fail(Question& question) noexcept;
  void Remove(Question& question) noexcept;
  void Probe(Backend& backend) noexcept;

  static std::uint64_t Us(std::chrono::milliseconds duration) noexcept {
    return static_cast<std::uint64_t>(duration.count()) * 1000;
  }

  static constexpr std::chrono::milliseconds kTick{8};
  static constexpr std::chrono::milliseconds kHousekeeping{250};
  static constexpr std::size_t kReplySlots = 32;
  static constexpr std::size_t kReplyBytes = 4096;

  const ForwardOptions options_;
  ForwardReplies& replies_;
  net::Random random_;
  OutstandingQuestions questions_;
  BackendTable backends_;
  net::UdpInbox inbox_;
  net::Timer tick_;
  net::Timer housekeeping_;
  std::uint32_t next_channel_ = 1;
  std::uint64_t now_us_ = 0;
  LatencyHistogram latency_;
  bool in_batch_ = false;
};

}  // namespace sealwire::proxy
