#include "proxy/forward_client.h"

#include <utility>

#include "dns/message_view.h"
#include "net/proxy_header.h"
#include "proxy/backend_table.h"
#include "proxy/clock.h"
#include "proxy/forward_query.h"
#include "proxy/outstanding_questions.h"
#include "proxy/signed_question.h"

namespace sealwire::proxy {

namespace {

using namespace std::chrono_literals;

constexpr auto kTick = 8ms;
constexpr auto kHousekeeping = 250ms;
constexpr std::size_t kReplySlots = 32;
constexpr std::size_t kReplyBytes = 4096;
constexpr int kBatchesPerTurn = 4;
constexpr int kMaxTcpTries = 2;

std::uint64_t Us(std::chrono::milliseconds duration) noexcept {
  return static_cast<std::uint64_t>(duration.count()) * 1000;
}

bool HasEdns(dns::Bytes reply) noexcept {
  dns::MessageView view;
  return view.Parse(reply) == dns::ParseError::kNone && view.edns().has_value();
}

}  // namespace

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

bool ForwardClient::Impl::Ask(const ForwardSet& set, const BackendQuestion& asked,
                              Ticket ticket) noexcept {
  Question* question = questions_.Add();
  if (question == nullptr) return false;
  now_us_ = SteadyMicroseconds();
  question->ticket = ticket;
  question->name = dns::Name(asked.name);
  question->spelled = question->name;
  if (options_.randomize_case) RandomizeCase(question->spelled, random_);
  question->type = asked.type;
  question->client = asked.client;
  question->proxied = set.client_address == ClientAddress::kProxy;
  question->subnet = asked.subnet;
  question->tsig = set.tsig;
  question->deadline_us = now_us_ + Us(options_.total_timeout);
  backends_.Candidates(set, *question);
  if (!AskNext(*question)) {
    Remove(*question);
    return false;
  }
  if (!tick_.running()) tick_.StartEvery(kTick);
  if (!housekeeping_.running()) housekeeping_.StartEvery(kHousekeeping);
  return true;
}

// Sends to the next candidate that takes it.
bool ForwardClient::Impl::AskNext(Question& question) noexcept {
  while (question.tries < options_.max_tries) {
    const int candidate = backends_.Choose(question);
    if (candidate < 0) return false;
    if (AskOverUdp(question, candidate)) return true;
  }
  return false;
}

bool ForwardClient::Impl::AskOverUdp(Question& question, int candidate) noexcept {
  Backend& backend = *question.candidates[static_cast<std::size_t>(candidate)];
  const auto bit = static_cast<std::uint8_t>(1u << candidate);
  ++question.tries;
  question.tried |= bit;
  BackendSocket* socket = backend.PickSocket(random_, now_us_);
  Attempt* attempt =
      socket == nullptr ? nullptr : StartAttempt(question, backend, socket, socket->channel);
  if (attempt == nullptr) {
    question.refused |= bit;
    return false;
  }
  std::array<std::uint8_t, net::ProxyHeader::kMaxWritten + kMaxSignedQuery> query;
  const std::size_t header =
      WriteHeader(question, backend, net::ProxiedTransport::kDatagram, query);
  const std::size_t size =
      header + Encode(question, *attempt, dns::MutableBytes(query).subspan(header));
  switch (socket->socket.Send(dns::Bytes(query).first(size))) {
    case net::UdpSocket::SendResult::kSent:
    case net::UdpSocket::SendResult::kFull:  // as if it were lost on the way
      break;
    case net::UdpSocket::SendResult::kRefused:
    case net::UdpSocket::SendResult::kFailed:
      backend.counters.failures.Add();
      backend.health().OnRefused(now_us_);
      EndAttempt(*attempt);
      backend.Report(now_us_);
      question.refused |= bit;
      return false;
  }
  backend.counters.questions.Add();
  if (!backend.ever_answered) {
    backend.probe_name = question.name;
    backend.probe_type = question.type;
  }
  backend.probe_client = question.client;
  backend.probe_proxied = question.proxied;
  backend.probe_tsig = question.tsig;
  const bool last = question.tries >= options_.max_tries;
  const std::uint64_t patience = now_us_ + backend.health().TimeoutUs(question.tries - 1);
  questions_.SetTimer(question,
                      last ? question.deadline_us : std::min(patience, question.deadline_us));
  return true;
}

bool ForwardClient::Impl::AskOverTcp(Question& question, Backend& backend) noexcept {
  if (question.tcp_tries >= kMaxTcpTries) return false;
  ++question.tcp_tries;
  const BackendTcp* tcp = question.proxied ? backend.OpenOwn() : backend.Shared();
  if (tcp == nullptr) return false;
  Attempt* attempt =
      tcp->stream->closed() ? nullptr : StartAttempt(question, backend, nullptr, tcp->channel);
  if (attempt == nullptr) {
    backend.DropOwn(tcp->channel);
    return false;
  }
  backend.counters.over_tcp.Add();
  std::array<std::uint8_t, net::ProxyHeader::kMaxWritten> header;
  const std::size_t header_size =
      WriteHeader(question, backend, net::ProxiedTransport::kStream, header);
  std::array<std::uint8_t, kMaxSignedQuery> query;
  tcp->stream->Ask(dns::Bytes(query).first(Encode(question, *attempt, query)),
                   dns::Bytes(header).first(header_size));
  questions_.SetTimer(question, question.deadline_us);
  return true;
}

Attempt* ForwardClient::Impl::StartAttempt(Question& question, Backend& backend,
                                           BackendSocket* socket, std::uint32_t channel) noexcept {
  Attempt* attempt = questions_.Start(question, channel, random_);
  if (attempt == nullptr) return nullptr;
  attempt->backend = &backend;
  attempt->socket = socket;
  attempt->sent_us = now_us_;
  attempt->with_edns = backend.UnderstandsEdns(now_us_);
  attempt->random_case = options_.randomize_case && backend.PreservesCase(now_us_);
  ++backend.outstanding;
  backend.last_used_us = now_us_;
  if (socket != nullptr) ++socket->waiting;
  return attempt;
}

void ForwardClient::Impl::EndAttempt(Attempt& attempt) noexcept {
  if (!attempt.live) return;
  questions_.End(attempt);
  --attempt.backend->outstanding;
  if (attempt.socket != nullptr) {
    --attempt.socket->waiting;
  } else {
    attempt.backend->DropOwn(attempt.channel);
  }
}

// What stands before a query: nothing, unless the backend is told by a PROXY header who asks.
std::size_t ForwardClient::Impl::WriteHeader(const Question& question, const Backend& backend,
                                             net::ProxiedTransport transport,
                                             dns::MutableBytes out) const noexcept {
  if (!question.proxied) return 0;
  return net::WriteProxyHeader(question.client, backend.endpoint(), transport, out);
}

std::size_t ForwardClient::Impl::Encode(const Question& question, Attempt& attempt,
                                        dns::MutableBytes out) noexcept {
  EdnsOffer offer;
  offer.udp_payload = options_.udp_payload;
  offer.subnet = question.subnet;
  const std::size_t size =
      WriteForwardQuery(attempt.id, attempt.random_case ? question.spelled : question.name,
                        question.type, attempt.with_edns ? &offer : nullptr, out);
  return question.tsig ? SignQuestion(*question.tsig, out, size, attempt.mac) : size;
}

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

ForwardClient::ForwardClient(net::EventLoop& loop, const ForwardOptions& options,
                             ForwardReplies& replies)
    : impl_(std::make_unique<Impl>(loop, options, replies)) {}
ForwardClient::~ForwardClient() = default;
bool ForwardClient::Ask(const ForwardSet& backends, const BackendQuestion& question,
                        Ticket ticket) noexcept {
  return impl_->Ask(backends, question, ticket);
}
std::size_t ForwardClient::outstanding() const noexcept {
  return impl_->outstanding();
}
const LatencyHistogram& ForwardClient::latency() const noexcept {
  return impl_->latency();
}
std::vector<BackendStatus> ForwardClient::Backends() const {
  return impl_->Backends();
}

}  // namespace sealwire::proxy
