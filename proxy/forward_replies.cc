// What comes back from a backend: whether it is the answer, and what to do when it is not.
#include <utility>

#include "dns/message_view.h"
#include "proxy/forward_attempts.h"
#include "proxy/forward_query.h"
#include "proxy/signed_question.h"

namespace sealwire::proxy {
namespace {

constexpr int kBatchesPerTurn = 4;

bool HasEdns(dns::Bytes reply) noexcept {
  dns::MessageView view;
  return view.Parse(reply) == dns::ParseError::kNone && view.edns().has_value();
}

}  // namespace

void ForwardClient::Impl::OnDatagrams(Backend& backend, BackendSocket& socket) noexcept {
  const Batch batch(*this);
  const Pin pin(backend);
  for (int turn = 0; turn < kBatchesPerTurn; ++turn) {
    const net::UdpInbox::Received received = inbox_.Receive(socket.socket);
    for (std::size_t i = 0; i < received.count; ++i) {
      OnReply(backend, socket.channel, inbox_.mutable_payload(i));
    }
    if (received.refused) OnRefused(backend, socket.channel);
    if (received.count < inbox_.slots()) break;
  }
  backend.Report(now_us_);
}

void ForwardClient::Impl::OnFrame(Backend& backend, std::uint32_t channel,
                                  dns::MutableBytes frame) noexcept {
  const Batch batch(*this);
  const Pin pin(backend);
  OnReply(backend, channel, frame);
}

void ForwardClient::Impl::OnStreamEvent(Backend& backend, std::uint32_t channel) noexcept {
  const Batch batch(*this);
  const Pin pin(backend);
  if (backend.StreamClosed(channel)) OnStreamClosed(backend, channel);
  backend.Report(now_us_);
}

void ForwardClient::Impl::OnReply(Backend& backend, std::uint32_t channel,
                                  dns::MutableBytes reply) noexcept {
  dns::Reader reader(reply);
  const std::uint16_t id = reader.U16();
  const auto [question, attempt] = questions_.Find(channel, id);
  if (question == nullptr) return backend.counters.mismatches.Add();
  const dns::NameView sent_name = attempt->random_case ? question->spelled : question->name;
  const ReplyMatch match = MatchReply(reply, id, sent_name, question->type);
  if (match == ReplyMatch::kNoMatch) return backend.counters.mismatches.Add();
  if (question->tsig) {
    const signer::TsigVerdict verdict = VerifyAnswer(*question->tsig, attempt->mac, reply);
    if (verdict != signer::TsigVerdict::kGood) {
      return OnBadTsig(*question, *attempt, verdict, reply);
    }
  }
  // RFC 7871 section 7.3: dropped whole.
  if (question->subnet && attempt->with_edns && ScopeOf(reply, *question->subnet).is_foreign) {
    return backend.counters.mismatches.Add();
  }
  if (match == ReplyMatch::kOtherCase && attempt->random_case && attempt->socket != nullptr) {
    return OnOtherCase(*question, *attempt, reply);
  }
  OnMatch(*question, *attempt, match, reply);
}

// RFC 8945 section 5.3: what is not signed as it must be may be forged, and the true answer may be
// behind it. One that says our own code was refused will not be followed by another.
void ForwardClient::Impl::OnBadTsig(Question& question, Attempt& attempt,
                                    signer::TsigVerdict verdict, dns::Bytes reply) noexcept {
  Backend& backend = *attempt.backend;
  backend.counters.tsig_problem.Set(static_cast<std::uint64_t>(verdict));
  backend.counters.tsig_refused.Add();
  const auto header = dns::ParseHeader(reply);
  if (!header || header->rcode != static_cast<std::uint8_t>(dns::Rcode::kNotAuth)) return;
  backend.counters.failures.Add();
  EndAttempt(attempt);
  if (question.probe) return Fail(question);
  for (int i = 0; i < question.candidate_count; ++i) {
    if (question.candidates[static_cast<std::size_t>(i)] == &backend) {
      question.refused |= static_cast<std::uint8_t>(1u << i);
    }
  }
  AskElsewhereOrFail(question);
}

// The name came back in other case: a forgery, or a backend that does not preserve case. Over TCP
// nobody forges, so the question is asked again there.
void ForwardClient::Impl::OnOtherCase(Question& question, Attempt& attempt,
                                      dns::MutableBytes reply) noexcept {
  Backend& backend = *attempt.backend;
  if (backend.OnCaseLost()) {
    backend.LeaveOutCase(now_us_);
    return OnMatch(question, attempt, ReplyMatch::kOtherCase, reply);
  }
  backend.counters.mismatches.Add();
  // The attempt stays: the true answer may be behind a forged one.
  AskOverTcp(question, backend);
}

void ForwardClient::Impl::OnMatch(Question& question, Attempt& attempt, ReplyMatch match,
                                  dns::MutableBytes reply) noexcept {
  Backend& backend = *attempt.backend;
  const bool over_tcp = attempt.socket == nullptr;
  const bool with_edns = attempt.with_edns;
  backend.counters.answers.Add();
  if (over_tcp) {
    backend.health().OnAlive();
    if (match == ReplyMatch::kOtherCase && attempt.random_case) backend.LeaveOutCase(now_us_);
  } else {
    backend.health().OnAnswer(now_us_ - attempt.sent_us);
    latency_.Add((now_us_ - attempt.sent_us) * 1000);
    if (match != ReplyMatch::kOtherCase && attempt.random_case) backend.OnCaseKept();
  }
  EndAttempt(attempt);
  if (question.probe) {
    backend.probing = false;
    return Remove(question);
  }
  backend.probe_name = question.name;
  backend.probe_type = question.type;
  backend.ever_answered = true;

  const dns::Header header = *dns::ParseHeader(reply);
  const auto rcode = static_cast<dns::Rcode>(header.rcode);
  const bool format = rcode == dns::Rcode::kFormErr || rcode == dns::Rcode::kNotImp;
  if (format && with_edns && !HasEdns(reply)) {
    // RFC 6891 section 7: who does not know EDNS says so; ask the same one again without.
    backend.LeaveOutEdns(now_us_);
    question.tries = std::min(question.tries, options_.max_tries - 1);
    question.tried = 0;
    return AskElsewhereOrFail(question);
  }
  if (match == ReplyMatch::kNoQuestion) {
    backend.counters.failures.Add();
    return AskElsewhereOrFail(question);
  }
  if (header.tc && !over_tcp) {
    if (!AskOverTcp(question, backend)) AskElsewhereOrFail(question);
    return;
  }
  if (rcode == dns::Rcode::kServFail || rcode == dns::Rcode::kRefused) {
    backend.counters.failures.Add();
    const int next = backends_.Choose(question);
    const bool untried = next >= 0 && (question.tried >> next & 1) == 0;
    if (untried && AskNext(question)) return;
  }
  Deliver(question, reply);
}

void ForwardClient::Impl::Deliver(Question& question, dns::MutableBytes reply) noexcept {
  const Ticket ticket = question.ticket;
  RespellQuestion(reply, question.name);
  Remove(question);
  replies_.OnBackendReply(ticket, reply);
}

}  // namespace sealwire::proxy
