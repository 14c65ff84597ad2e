// The questions that wait for backends: found by (channel, id) when a reply comes, and by time when
// none does.
//
// A channel is one source port or one TCP connection. A question may wait for several attempts at
// once; the first good reply ends them all. Threading: one worker's thread. Ownership: questions
// belong to the table and keep their addresses. Grows to its limit in steps and never allocates
// below what it once held.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "dns/name.h"
#include "dns/rr_type.h"
#include "net/address.h"
#include "net/random.h"
#include "proxy/pipeline.h"
#include "proxy/signed_question.h"

namespace sealwire::proxy {

class Backend;
struct BackendSocket;

struct Attempt {
  Backend* backend = nullptr;
  BackendSocket* socket = nullptr;  // null over TCP
  std::uint32_t channel = 0;
  std::uint16_t id = 0;
  bool live = false;
  bool timed_out = false;  // its silence was counted
  bool with_edns = false;
  bool random_case = false;  // sent as `spelled`, not as `name`
  std::uint64_t sent_us = 0;
  QueryMac mac;
  std::uint32_t next = 0;  // in its chain: the table's own
};

struct Question {
  static constexpr std::size_t kMaxCandidates = 8;
  static constexpr std::size_t kMaxAttempts = 8;

  Ticket ticket = 0;
  bool probe = false;  // asked by us, to see whether the backend lives
  dns::Name name;      // as the client spelled it
  dns::Name spelled;   // in random case
  dns::RRType type = dns::RRType::kA;
  net::Endpoint client;
  std::optional<ClientSubnet> subnet;  // what is told of it
  bool proxied = false;                // a PROXY header tells all of it
  std::shared_ptr<const signer::TsigKey> tsig;
  std::uint64_t deadline_us = 0;
  int tries = 0;  // over UDP
  int tcp_tries = 0;
  std::array<Backend*, kMaxCandidates> candidates{};
  std::uint8_t candidate_count = 0;
  std::uint8_t tried = 0;    // bit per candidate
  std::uint8_t refused = 0;  // bit per candidate: it will not answer this question
  std::array<Attempt, kMaxAttempts> attempts{};
  std::uint8_t attempt_count = 0;

  bool HasLiveAttempt() const noexcept;

 private:
  friend class OutstandingQuestions;
  std::uint32_t index_ = 0;
  bool used_ = false;
  std::uint64_t due_us_ = 0;
  std::uint32_t bucket_ = 0;
  std::uint32_t later_ = 0;  // in its bucket; or the next free question
  std::uint32_t earlier_ = 0;
};

class OutstandingQuestions {
 public:
  explicit OutstandingQuestions(std::size_t limit);

  std::size_t size() const noexcept { return size_; }

  // A new question, or null when as many as may be wait.
  Question* Add() noexcept;
  // Ends its attempts first.
  void Remove(Question& question) noexcept;

  // Starts an attempt under an id that is drawn at random and unique on its channel; null when the
  // question has had all its attempts.
  Attempt* Start(Question& question, std::uint32_t channel, net::Random& random) noexcept;
  void End(Attempt& attempt) noexcept;
  // The question and attempt that a reply claims to be for.
  struct Found {
    Question* question = nullptr;
    Attempt* attempt = nullptr;
  };
  Found Find(std::uint32_t channel, std::uint16_t id) noexcept;

  void SetTimer(Question& question, std::uint64_t due_us) noexcept;
  // A question whose time has come, its timer taken off; null when there is none.
  Question* NextDue(std::uint64_t now_us) noexcept;

  // Visits live attempts on a channel; `visit(Question&, Attempt&)` may end them and add questions.
  template <class Visit>
  void ForEachOn(std::uint32_t channel, Visit&& visit) {
    for (std::size_t i = 0; i < questions_.size(); ++i) {
      for (Attempt& attempt : questions_[i].attempts) {
        if (questions_[i].used_ && attempt.live && attempt.channel == channel) {
          visit(questions_[i], attempt);
        }
      }
    }
  }

 private:
  std::uint32_t& Chain(std::uint32_t channel, std::uint16_t id) noexcept;
  Attempt& At(std::uint32_t reference) noexcept;
  void StopTimer(Question& question) noexcept;

  std::size_t limit_;
  std::size_t size_ = 0;
  std::deque<Question> questions_;
  std::uint32_t free_;
  std::vector<std::uint32_t> chains_;   // first attempt: question index * kMaxAttempts + attempt
  std::vector<std::uint32_t> buckets_;  // first question of each tick of the wheel
  std::uint64_t tick_ = 0;              // the next to be looked at
};

}  // namespace sealwire::proxy
