// What never comes back: silence, closed ports and connections, and the probes that end an absence.
#include "proxy/forward_attempts.h"

namespace sealwire::proxy {

void ForwardClient::Impl::OnTick() noexcept {
  if (questions_.size() == 0) return tick_.Stop();
  const Batch batch(*this);
  while (Question* question = questions_.NextDue(now_us_)) OnDue(*question);
}

void ForwardClient::Impl::OnDue(Question& question) noexcept {
  for (Attempt& attempt : question.attempts) {
    if (!attempt.live || attempt.timed_out) continue;
    attempt.timed_out = true;
    attempt.backend->counters.timeouts.Add();
    attempt.backend->health().OnTimeout(now_us_);
    attempt.backend->Report(now_us_);
  }
  if (now_us_ >= question.deadline_us) return Fail(question);
  // A late answer to an earlier attempt still counts.
  if (!AskNext(question)) questions_.SetTimer(question, question.deadline_us);
}

void ForwardClient::Impl::OnHousekeeping() noexcept {
  if (backends_.empty()) return;
  const Batch batch(*this);
  backends_.ForEach([this](Backend& backend) {
    const Pin pin(backend);
    if (backend.SharedClosed()) OnStreamClosed(backend, backend.shared_channel());
    backend.Sweep(now_us_);
    if (backend.health().ProbeDue(now_us_) && !backend.probing) Probe(backend);
    backend.Report(now_us_);
  });
}

void ForwardClient::Impl::Probe(Backend& backend) noexcept {
  Question* question = questions_.Add();
  if (question == nullptr) return;
  question->probe = true;
  question->name = question->spelled = backend.probe_name;
  question->type = backend.probe_type;
  question->client = backend.probe_client;
  question->proxied = backend.probe_proxied;
  question->tsig = backend.probe_tsig;
  question->deadline_us = now_us_ + Us(options_.total_timeout);
  question->candidates[0] = &backend;
  question->candidate_count = 1;
  question->tries = options_.max_tries - 1;
  ++backend.references;
  backend.probing = true;
  backend.health().ProbeSent(now_us_);
  if (!AskNext(*question)) return Fail(*question);
  if (!tick_.running()) tick_.StartEvery(kTick);
}

void ForwardClient::Impl::OnRefused(Backend& backend, std::uint32_t channel) noexcept {
  backend.counters.failures.Add();
  backend.health().OnRefused(now_us_);
  questions_.ForEachOn(channel, [&](Question& question, Attempt& attempt) {
    EndAttempt(attempt);
    for (int i = 0; i < question.candidate_count; ++i) {
      if (question.candidates[static_cast<std::size_t>(i)] == &backend) {
        question.refused |= static_cast<std::uint8_t>(1u << i);
      }
    }
    AskElsewhereOrFail(question);
  });
}

void ForwardClient::Impl::OnStreamClosed(Backend& backend, std::uint32_t channel) noexcept {
  backend.DropStream(channel);
  questions_.ForEachOn(channel, [&](Question& question, Attempt& attempt) {
    EndAttempt(attempt);
    backend.counters.failures.Add();
    // A backend may close after each answer: what it left goes over a new connection.
    if (!AskOverTcp(question, backend)) AskElsewhereOrFail(question);
  });
}

void ForwardClient::Impl::AskElsewhereOrFail(Question& question) noexcept {
  if (AskNext(question) || question.HasLiveAttempt()) return;
  Fail(question);
}

void ForwardClient::Impl::Fail(Question& question) noexcept {
  const Ticket ticket = question.ticket;
  const bool probe = question.probe;
  if (probe) question.candidates[0]->probing = false;
  Remove(question);
  if (!probe) replies_.OnBackendFailure(ticket);
}

void ForwardClient::Impl::Remove(Question& question) noexcept {
  for (Attempt& attempt : question.attempts) EndAttempt(attempt);
  for (int i = 0; i < question.candidate_count; ++i) {
    --question.candidates[static_cast<std::size_t>(i)]->references;
  }
  questions_.Remove(question);
}

}  // namespace sealwire::proxy
