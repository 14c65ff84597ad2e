// Answers that wait: for a backend's reply, or for the keys of their zone to be opened.
//
// A query that cannot be answered at once is kept here with where its answer goes; a reply, the
// lack of one, or zones with keys bring it back, and it takes the steps of proxy/answering.h from
// there. Threading: one worker. Ownership: the steps, asker, sink and tap are borrowed. Errors: a
// query that cannot be kept is refused; one that fails is answered with SERVFAIL. No allocation
// after construction.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include "dns/bytes.h"
#include "proxy/answering.h"
#include "proxy/key_waiters.h"
#include "proxy/packet_tap.h"
#include "proxy/pipeline.h"
#include "proxy/resolution.h"
#include "proxy/stale_replies.h"
#include "proxy/waiting.h"

namespace sealwire::proxy {

class LateAnswers {
 public:
  // `asker` and `sink` may be null: then nothing can be deferred.
  LateAnswers(const PipelineOptions& options, Answering& steps, PacketTap& tap, BackendAsker* asker,
              AnswerSink* sink);

  // As the pipeline's; `tapped`: the query was sampled, and so is its answer.
  bool Defer(dns::Bytes wire, const Asker& from, const ReplyRoute& route, bool tapped) noexcept;
  void OnBackendReply(Ticket ticket, dns::Bytes reply) noexcept;
  void OnBackendFailure(Ticket ticket) noexcept;
  // The zones changed: queries that waited for keys begin anew.
  void TryAgain() noexcept;
  void GiveUpOnKeys() noexcept;

 private:
  using Progress = Resolution::Progress;

  Progress Resume(const WaitingTable::Entry& entry, Resolution& resolution,
                  dns::Bytes reply) noexcept;
  const Zone* AskedZone(const WaitingTable::Entry& entry) const noexcept;
  void TakeReply(WaitingTable::Entry& entry, const Query& query, const Zone& zone,
                 dns::Bytes reply) noexcept;
  void OnUnreachable(WaitingTable::Entry& entry, const Query& query, const Zone* asked) noexcept;
  bool ProceedStale(WaitingTable::Entry& entry, const Query& query, const Zone* asked) noexcept;
  void MarkStale() noexcept;
  void Begin(WaitingTable::Entry& entry, const Query& query) noexcept;
  void TryAgain(Ticket ticket) noexcept;
  void GiveUpOnKeysOf(Ticket ticket) noexcept;
  void AwaitKeys(WaitingTable::Entry& entry, const Query& query, const Zone& zone) noexcept;
  void Proceed(WaitingTable::Entry& entry, const Query& query, const Resolution& resolution,
               Progress progress) noexcept;
  void AskMore(WaitingTable::Entry& entry, const Query& query,
               const Resolution::Pending& pending) noexcept;
  void Remember(const Query& query, const WaitingTable::Entry& entry, const Resolution& resolution,
                const EncodedAnswer& encoded, dns::Bytes message) noexcept;
  void DeliverFailure(WaitingTable::Entry& entry, const Query& query,
                      dns::ExtendedError error) noexcept;
  void Deliver(WaitingTable::Entry& entry, const Query& query, std::uint32_t size) noexcept;
  dns::MutableBytes Room() noexcept { return {out_.get(), Answering::kMaxMessage}; }

  Answering& steps_;
  PacketTap& tap_;
  BackendAsker* asker_;
  AnswerSink* sink_;
  StaleReplies stale_;
  WaitingTable waiting_;
  KeyWaiters for_keys_;
  std::array<std::uint8_t, WaitingTable::kMaxDraft> draft_;
  std::unique_ptr<std::uint8_t[]> out_;  // where the answer to a query that waited is written
};

}  // namespace sealwire::proxy
