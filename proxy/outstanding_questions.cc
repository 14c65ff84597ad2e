#include "proxy/outstanding_questions.h"

#include <algorithm>
#include <bit>

namespace sealwire::proxy {

namespace {

constexpr std::uint32_t kNone = 0xffffffff;
// A wheel of 4 s: whoever waits longer is looked at once per turn.
constexpr std::uint64_t kTickUs = 8'000;
constexpr std::uint64_t kTicks = 512;

}  // namespace

bool Question::HasLiveAttempt() const noexcept {
  return std::any_of(attempts.begin(), attempts.end(), [](const Attempt& a) { return a.live; });
}

OutstandingQuestions::OutstandingQuestions(std::size_t limit)
    : limit_(limit),
      free_(kNone),
      chains_(std::bit_ceil(std::max<std::size_t>(limit, 1) * 2), kNone),
      buckets_(kTicks, kNone) {}

Question* OutstandingQuestions::Add() noexcept {
  if (size_ == limit_) return nullptr;
  if (free_ == kNone) {
    questions_.emplace_back();
    questions_.back().index_ = static_cast<std::uint32_t>(questions_.size() - 1);
    questions_.back().later_ = kNone;
    free_ = questions_.back().index_;
  }
  Question& question = questions_[free_];
  free_ = question.later_;
  ++size_;
  question.used_ = true;
  question.bucket_ = question.later_ = question.earlier_ = kNone;
  question.probe = false;
  question.proxied = false;
  question.subnet.reset();
  question.tries = question.tcp_tries = 0;
  question.candidate_count = question.tried = question.refused = question.attempt_count = 0;
  return &question;
}

void OutstandingQuestions::Remove(Question& question) noexcept {
  question.tsig.reset();
  for (Attempt& attempt : question.attempts) {
    if (attempt.live) End(attempt);
  }
  StopTimer(question);
  question.used_ = false;
  question.later_ = free_;
  free_ = question.index_;
  --size_;
}

std::uint32_t& OutstandingQuestions::Chain(std::uint32_t channel, std::uint16_t id) noexcept {
  const std::uint64_t key = (std::uint64_t{channel} << 16 | id) * 0x9e3779b97f4a7c15u;
  return chains_[(key >> 32) & (chains_.size() - 1)];
}

Attempt& OutstandingQuestions::At(std::uint32_t reference) noexcept {
  return questions_[reference / Question::kMaxAttempts]
      .attempts[reference % Question::kMaxAttempts];
}

OutstandingQuestions::Found OutstandingQuestions::Find(std::uint32_t channel,
                                                       std::uint16_t id) noexcept {
  for (std::uint32_t at = Chain(channel, id); at != kNone; at = At(at).next) {
    Attempt& attempt = At(at);
    if (attempt.channel == channel && attempt.id == id) {
      return {&questions_[at / Question::kMaxAttempts], &attempt};
    }
  }
  return {};
}

Attempt* OutstandingQuestions::Start(Question& question, std::uint32_t channel,
                                     net::Random& random) noexcept {
  if (question.attempt_count == Question::kMaxAttempts) return nullptr;
  const std::uint32_t slot = question.attempt_count++;
  Attempt& attempt = question.attempts[slot];
  attempt = Attempt();
  attempt.channel = channel;
  do {
    attempt.id = random.U16();
  } while (Find(channel, attempt.id).attempt != nullptr);
  std::uint32_t& chain = Chain(channel, attempt.id);
  attempt.next = chain;
  chain = question.index_ * static_cast<std::uint32_t>(Question::kMaxAttempts) + slot;
  attempt.live = true;
  return &attempt;
}

void OutstandingQuestions::End(Attempt& attempt) noexcept {
  if (!attempt.live) return;
  attempt.live = false;
  std::uint32_t* link = &Chain(attempt.channel, attempt.id);
  while (&At(*link) != &attempt) link = &At(*link).next;
  *link = attempt.next;
}

void OutstandingQuestions::SetTimer(Question& question, std::uint64_t due_us) noexcept {
  StopTimer(question);
  question.due_us_ = due_us;
  const std::uint64_t due = (due_us + kTickUs - 1) / kTickUs;
  // With none waiting the wheel may have stood still.
  const std::uint64_t tick = std::clamp(due, tick_, tick_ + kTicks - 1);
  question.bucket_ = static_cast<std::uint32_t>(tick % kTicks);
  std::uint32_t& first = buckets_[question.bucket_];
  question.earlier_ = kNone;
  question.later_ = first;
  if (first != kNone) questions_[first].earlier_ = question.index_;
  first = question.index_;
}

void OutstandingQuestions::StopTimer(Question& question) noexcept {
  if (question.bucket_ == kNone) return;
  if (question.earlier_ == kNone) {
    buckets_[question.bucket_] = question.later_;
  } else {
    questions_[question.earlier_].later_ = question.later_;
  }
  if (question.later_ != kNone) questions_[question.later_].earlier_ = question.earlier_;
  question.bucket_ = kNone;
}

Question* OutstandingQuestions::NextDue(std::uint64_t now_us) noexcept {
  const std::uint64_t now = now_us / kTickUs;
  // After a standstill one turn of the wheel sees everything.
  if (now >= tick_ + kTicks) tick_ = now - kTicks + 1;
  while (tick_ <= now) {
    const std::uint32_t first = buckets_[tick_ % kTicks];
    if (first == kNone) {
      ++tick_;
      continue;
    }
    Question& question = questions_[first];
    StopTimer(question);
    if (question.due_us_ <= now_us) return &question;
    SetTimer(question, question.due_us_);  // it lay beyond the wheel
  }
  return nullptr;
}

}  // namespace sealwire::proxy
