#include "proxy/pipeline.h"

#include <array>

#include "proxy/answering.h"
#include "proxy/late_answers.h"
#include "proxy/packet_tap.h"

namespace sealwire::proxy {

// What is asked and answered is sampled and timed here; how, the two parts know.
class Pipeline::Impl {
 public:
  Impl(const PipelineOptions& options, signer::DigestSigner& signer, BackendAsker* asker,
       AnswerSink* sink)
      : answering_(options, signer),
        tap_(options.tap, options.hash_seed),
        late_(options, answering_, tap_, asker, sink) {}

  void UseZones(std::shared_ptr<const ZoneTable> zones) noexcept {
    answering_.UseZones(std::move(zones));
    late_.TryAgain();
  }
  void SetTime(std::uint64_t unix_ms) noexcept { answering_.SetTime(unix_ms); }
  Answering& answering() noexcept { return answering_; }
  LateAnswers& late() noexcept { return late_; }
  PacketTap& tap() noexcept { return tap_; }

  Outcome Handle(dns::Bytes wire, const Asker& from, dns::MutableBytes out) noexcept {
    ParsedQuery parsed;
    answering_.Parse(wire, parsed);
    return HandleParsed(parsed, from, out);
  }

  void Handle(std::span<Arrival> batch) noexcept {
    for (; batch.size() > kStaged; batch = batch.subspan(kStaged)) Handle(batch.first(kStaged));
    for (std::size_t i = 0; i < batch.size(); ++i) {
      answering_.Parse(batch[i].query, staged_[i]);
      answering_.PrefetchBucket(staged_[i]);
    }
    for (std::size_t i = 0; i < batch.size(); ++i) answering_.PrefetchEntry(staged_[i]);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      batch[i].outcome = HandleParsed(staged_[i], batch[i].from, batch[i].out);
    }
  }

  bool Defer(dns::Bytes query, const Asker& from, const ReplyRoute& route) noexcept {
    return late_.Defer(query, from, route, tapped_);
  }

 private:
  static constexpr std::size_t kStaged = 32;  // of a batch at a time: all of it stays near

  Outcome HandleParsed(const ParsedQuery& parsed, const Asker& from,
                       dns::MutableBytes out) noexcept {
    tapped_ = tap_.Takes();
    if (!tapped_) return Timed(parsed, from, out);
    tap_.TakeQuery(answering_.Tapped(false, from, parsed.wire));
    const Outcome outcome = Timed(parsed, from, out);
    if (outcome.verdict == Verdict::kAnswer) {
      tap_.TakeResponse(answering_.Tapped(true, from, out.first(outcome.size)));
    }
    return outcome;
  }

  Outcome Timed(const ParsedQuery& parsed, const Asker& from, dns::MutableBytes out) noexcept {
    if (++handled_ % kTimedOneIn != 0) return answering_.Handle(parsed, from, out);
    const std::uint64_t begin = SteadyNanoseconds();
    const Outcome outcome = answering_.Handle(parsed, from, out);
    if (outcome.verdict == Verdict::kAnswer) {
      answering_.Latency(from, answering_.way()).Add(SteadyNanoseconds() - begin, kTimedOneIn);
    }
    return outcome;
  }

  std::array<ParsedQuery, kStaged> staged_;
  Answering answering_;
  PacketTap tap_;
  LateAnswers late_;
  std::uint64_t handled_ = 0;
  bool tapped_ = false;  // the last query was sampled
};

Pipeline::Pipeline(const PipelineOptions& options, signer::DigestSigner& signer,
                   BackendAsker* asker, AnswerSink* sink)
    : impl_(std::make_unique<Impl>(options, signer, asker, sink)) {}
Pipeline::~Pipeline() = default;

void Pipeline::UseZones(std::shared_ptr<const ZoneTable> zones) noexcept {
  impl_->UseZones(std::move(zones));
}
void Pipeline::SetTime(std::uint64_t unix_ms) noexcept {
  impl_->SetTime(unix_ms);
}

Outcome Pipeline::Handle(dns::Bytes query, const Asker& from, dns::MutableBytes out) noexcept {
  return impl_->Handle(query, from, out);
}
void Pipeline::Handle(std::span<Arrival> batch) noexcept {
  impl_->Handle(batch);
}
void Pipeline::GiveUpOnKeys() noexcept {
  impl_->late().GiveUpOnKeys();
}
bool Pipeline::Defer(dns::Bytes query, const Asker& from, const ReplyRoute& route) noexcept {
  return impl_->Defer(query, from, route);
}
void Pipeline::OnBackendReply(Ticket ticket, dns::Bytes reply) noexcept {
  impl_->late().OnBackendReply(ticket, reply);
}
void Pipeline::OnBackendFailure(Ticket ticket) noexcept {
  impl_->late().OnBackendFailure(ticket);
}
const PipelineCounters& Pipeline::counters() const noexcept {
  return impl_->answering().counters();
}
const AudienceBook& Pipeline::audience() const noexcept {
  return impl_->answering().audience();
}
PacketTap& Pipeline::tap() noexcept {
  return impl_->tap();
}

}  // namespace sealwire::proxy
