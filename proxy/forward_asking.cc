// A question on its way: to which backend, over what, and written how.
#include "proxy/forward_attempts.h"
#include "proxy/forward_query.h"
#include "proxy/signed_question.h"

namespace sealwire::proxy {
namespace {

constexpr int kMaxTcpTries = 2;

}  // namespace

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

}  // namespace sealwire::proxy
