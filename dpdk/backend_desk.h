// Where lcores have backends asked: one thread with an event loop and sockets, and a line to it
// from every lcore.
//
// An lcore's pipeline asks through its line as it would ask a ForwardClient: the question is copied
// into a slot and passed over by a ring; the reply comes back the same way and enters that same
// pipeline, which signs it and keeps it in its cache. Neither side ever waits for the other, no
// packet buffer is held while a backend thinks, and a full line is an answer ("turned away").
//
// Threading: DeskLine's lcore side by its lcore, its desk side by the desk's thread. Ownership: the
// desk outlives its lines' users. Errors: Create() with a sentence.
#pragma once

#include <memory>
#include <thread>
#include <vector>

#include "dpdk/doorbell.h"
#include "dpdk/handles.h"
#include "net/event_loop.h"
#include "proxy/forward_client.h"
#include "proxy/pipeline.h"

namespace sealwire::dpdk {

// One question under way.
struct AskSlot {
  proxy::Ticket ticket = 0;  // the lcore's pipeline's
  dns::Name name;
  dns::RRType type = dns::RRType::kA;
  net::Endpoint client;
  std::optional<proxy::ClientSubnet> subnet;
  proxy::ForwardSet backends;  // a copy: the zone it came from may be gone before the reply
  std::vector<std::uint8_t> reply;
  bool failed = false;
};

class DeskLine final : public proxy::BackendAsker {
 public:
  static Result<std::unique_ptr<DeskLine>> Create(std::uint32_t slots, Doorbell& bell);

  // Lcore side.
  bool Ask(const proxy::ForwardSet& backends, const proxy::BackendQuestion& question,
           proxy::Ticket ticket) noexcept override;
  // Wakes the desk if there were questions since the last call: once a burst.
  void RingIfAsked() noexcept;
  // Gives replies that have come to `pipeline`, 32 at most; their number.
  unsigned DeliverReplies(proxy::Pipeline& pipeline) noexcept;
  std::size_t under_way() const noexcept { return slots_.size() - free_.size(); }
  // From now on Ask() refuses: the lcore wants to end.
  void Close() noexcept { closed_ = true; }

  // Desk side.
  AskSlot* TakeQuestion() noexcept;
  void PutReply(AskSlot* slot) noexcept;
  std::uint32_t IndexOf(const AskSlot* slot) const noexcept {
    return static_cast<std::uint32_t>(slot - slots_.data());
  }
  AskSlot& slot(std::uint32_t index) noexcept { return slots_[index]; }

 private:
  DeskLine(std::uint32_t slots, Doorbell& bell);

  Doorbell& bell_;
  std::vector<AskSlot> slots_;
  std::vector<AskSlot*> free_;  // the lcore's
  RingHandle questions_;
  RingHandle replies_;
  bool asked_ = false;
  bool closed_ = false;
};

class BackendDesk final : public proxy::ForwardReplies {
 public:
  static Result<std::unique_ptr<BackendDesk>> Create(std::size_t lines,
                                                     std::uint32_t slots_per_line,
                                                     const proxy::ForwardOptions& options);
  ~BackendDesk() override;
  BackendDesk(const BackendDesk&) = delete;
  BackendDesk& operator=(const BackendDesk&) = delete;

  DeskLine& line(std::size_t index) noexcept { return *lines_[index]; }
  void Start();
  void Stop();
  std::vector<proxy::BackendStatus> Backends() const { return client_->Backends(); }

 private:
  BackendDesk() = default;
  void TakeQuestions();
  void Finish(proxy::Ticket ticket, dns::Bytes reply, bool failed) noexcept;
  void BeginBatch() noexcept override {}
  void OnBackendReply(proxy::Ticket ticket, dns::Bytes reply) noexcept override;
  void OnBackendFailure(proxy::Ticket ticket) noexcept override;
  void EndBatch() noexcept override {}

  Doorbell bell_;
  std::vector<std::unique_ptr<DeskLine>> lines_;
  std::unique_ptr<net::EventLoop> loop_;
  std::unique_ptr<proxy::ForwardClient> client_;
  std::unique_ptr<net::FdWatch> watch_;
  std::thread thread_;
};

}  // namespace sealwire::dpdk
