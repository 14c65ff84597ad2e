#include "control/dns_asker.h"

#include <openssl/rand.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <optional>

#include "dns/message_view.h"
#include "dns/message_writer.h"
#include "net/file_descriptor.h"
#include "net/socket_address.h"

namespace sealwire::control {
namespace {

using Clock = std::chrono::steady_clock;

struct Query {
  std::array<std::uint8_t, 512> octets;
  std::size_t size = 0;
  std::uint16_t id = 0;
  dns::Bytes bytes() const { return {octets.data(), size}; }
};

std::optional<Query> MakeQuery(const dns::Name& name, dns::RRType type, bool recursion,
                               bool dnssec_ok) {
  Query query;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(&query.id), sizeof query.id) != 1) return {};
  dns::EdnsReply edns;
  edns.dnssec_ok = dnssec_ok;
  dns::MessageWriter writer(query.octets, &edns);
  writer.StartQuery(query.id, recursion);
  writer.AddQuestion(name, type, dns::RRClass::kIN);
  query.size = writer.Finish(dns::Rcode::kNoError);
  if (query.size == 0) return {};
  return query;
}

net::FileDescriptor Connect(const net::Endpoint& server, int type) {
  const net::SocketAddress to(server);
  net::FileDescriptor fd(::socket(to.family(), type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (fd.open() && ::connect(fd.get(), to.get(), to.size) != 0 && errno != EINPROGRESS) fd.Reset();
  return fd;
}

bool WaitFor(int fd, short events, Clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
  pollfd wait = {fd, events, 0};
  return left > 0 && ::poll(&wait, 1, static_cast<int>(left)) == 1;
}

// The answer is to our question: id, QR, and the question without regard to case.
bool IsAnswer(const dns::MessageView& view, std::uint16_t id, const dns::Name& name,
              dns::RRType type) {
  return view.header().id == id && view.header().qr && view.question().name == name &&
         view.question().type == type && view.question().rr_class == dns::RRClass::kIN;
}

// Nothing when it did not come in time, or the connection failed.
std::optional<std::vector<std::uint8_t>> AskUdp(const net::Endpoint& server, const Query& query,
                                                const dns::Name& name, dns::RRType type,
                                                Clock::time_point deadline) {
  const net::FileDescriptor fd = Connect(server, SOCK_DGRAM);
  if (!fd.open() || ::send(fd.get(), query.octets.data(), query.size, MSG_NOSIGNAL) < 0) return {};
  std::vector<std::uint8_t> answer(4096);
  while (WaitFor(fd.get(), POLLIN, deadline)) {
    const ssize_t size = ::recv(fd.get(), answer.data(), answer.size(), 0);
    if (size < 0) return {};
    dns::MessageView view;
    const dns::Bytes octets(answer.data(), static_cast<std::size_t>(size));
    if (view.Parse(octets) != dns::ParseError::kNone || !IsAnswer(view, query.id, name, type))
      continue;
    answer.resize(static_cast<std::size_t>(size));
    return answer;
  }
  return {};
}

bool SendAll(int fd, dns::Bytes octets, Clock::time_point deadline) {
  while (!octets.empty()) {
    if (!WaitFor(fd, POLLOUT, deadline)) return false;
    const ssize_t sent = ::send(fd, octets.data(), octets.size(), MSG_NOSIGNAL);
    if (sent < 0) return false;
    octets = octets.subspan(static_cast<std::size_t>(sent));
  }
  return true;
}

bool ReceiveAll(int fd, dns::MutableBytes octets, Clock::time_point deadline) {
  while (!octets.empty()) {
    if (!WaitFor(fd, POLLIN, deadline)) return false;
    const ssize_t got = ::recv(fd, octets.data(), octets.size(), 0);
    if (got <= 0) return false;
    octets = octets.subspan(static_cast<std::size_t>(got));
  }
  return true;
}

std::optional<std::vector<std::uint8_t>> AskTcp(const net::Endpoint& server, const Query& query,
                                                const dns::Name& name, dns::RRType type,
                                                Clock::time_point deadline) {
  const net::FileDescriptor fd = Connect(server, SOCK_STREAM);
  if (!fd.open()) return {};
  std::vector<std::uint8_t> frame = {static_cast<std::uint8_t>(query.size >> 8),
                                     static_cast<std::uint8_t>(query.size)};
  frame.insert(frame.end(), query.octets.begin(),
               query.octets.begin() + static_cast<std::ptrdiff_t>(query.size));
  std::array<std::uint8_t, 2> size;
  if (!SendAll(fd.get(), frame, deadline) || !ReceiveAll(fd.get(), size, deadline)) return {};
  std::vector<std::uint8_t> answer(static_cast<std::size_t>(size[0] << 8 | size[1]));
  dns::MessageView view;
  if (!ReceiveAll(fd.get(), answer, deadline) || view.Parse(answer) != dns::ParseError::kNone ||
      !IsAnswer(view, query.id, name, type)) {
    return {};
  }
  return answer;
}

}  // namespace

Result<std::vector<std::uint8_t>> SocketAsker::Ask(const net::Endpoint& server,
                                                   const dns::Name& name, dns::RRType type,
                                                   bool recursion) {
  for (int i = 0; i < tries_; ++i) {
    const auto query = MakeQuery(name, type, recursion, dnssec_ok_);
    if (!query) return Error{"no query could be made for " + name.ToText()};
    const auto deadline = Clock::now() + timeout_;
    auto answer = AskUdp(server, *query, name, type, deadline);
    if (!answer) continue;
    const auto header = dns::ParseHeader(*answer);
    if (header && header->tc) answer = AskTcp(server, *query, name, type, deadline + timeout_);
    if (answer) return *std::move(answer);
  }
  return Error{server.ToText() + " does not answer"};
}

}  // namespace sealwire::control
