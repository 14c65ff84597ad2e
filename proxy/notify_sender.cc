#include "proxy/notify_sender.h"

#include <poll.h>
#include <sys/socket.h>

#include <ctime>
#include <optional>

#include "dns/message_view.h"
#include "dns/message_writer.h"
#include "net/file_descriptor.h"
#include "net/random.h"
#include "net/socket_address.h"

namespace sealwire::proxy {
namespace {

constexpr int kTries = 5;
constexpr int kFirstWaitMs = 1000;  // doubled for each further try
constexpr int kStopCheckMs = 200;
constexpr std::uint16_t kOpcodeNotifyAa = 4 << 11 | 0x0400;

std::uint64_t Now() noexcept {
  return static_cast<std::uint64_t>(std::time(nullptr));
}

// One secondary that is being told.
struct Told {
  explicit Told(const TransferPeer& to) : peer(to) {}
  const TransferPeer& peer;
  net::FileDescriptor socket;
  std::uint16_t id = 0;
  std::optional<signer::TsigExchange> tsig;
  bool answered = false;
};

void Open(Told& told) {
  net::SocketAddress to(told.peer.endpoint);
  told.socket =
      net::FileDescriptor(::socket(to.family(), SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (told.socket.open() && ::connect(told.socket.get(), to.get(), to.size) != 0) {
    told.socket.Reset();
  }
}

// What is told: a name and type, and the set itself where it is shown.
struct News {
  dns::NameView owner;
  dns::RRType type;
  const dns::RRsetView* shown;
};

void Send(Told& told, const News& news) {
  if (!told.socket.open()) return;
  std::uint8_t buffer[1232];
  told.id = net::Random().U16();
  dns::MessageWriter writer(buffer, nullptr);
  writer.StartQuery(told.id, false);
  writer.AddQuestion(news.owner, news.type, dns::RRClass::kIN);
  if (news.shown != nullptr) writer.AddRRset(dns::Section::kAnswer, *news.shown);
  std::size_t size = writer.Finish(dns::Rcode::kNoError);
  if (size == 0) return;
  dns::Writer flags(dns::MutableBytes(buffer).subspan(2));
  flags.U16(kOpcodeNotifyAa);
  told.tsig.reset();
  if (told.peer.key) {
    told.tsig.emplace(*told.peer.key);
    size = told.tsig->Sign(buffer, size, Now());
  }
  ::send(told.socket.get(), buffer, size, MSG_NOSIGNAL);
}

void Receive(Told& told) {
  std::uint8_t buffer[1232];
  while (true) {
    const ssize_t n = ::recv(told.socket.get(), buffer, sizeof buffer, MSG_DONTWAIT);
    if (n <= 0) return;
    const dns::Bytes reply(buffer, static_cast<std::size_t>(n));
    const auto header = dns::ParseHeader(reply);
    if (!header || header->id != told.id || !header->qr || header->opcode != dns::Opcode::kNotify ||
        header->rcode != 0) {
      continue;
    }
    std::size_t size = 0;
    if (!told.tsig || told.tsig->VerifyReply(reply, Now(), size) == signer::TsigVerdict::kGood) {
      told.answered = true;
    }
  }
}

std::vector<net::Endpoint> Tell(const News& news, const std::vector<TransferPeer>& peers,
                                const std::atomic<bool>& stop) {
  std::vector<Told> told(peers.begin(), peers.end());
  for (Told& each : told) Open(each);
  const auto waits = [&] {
    for (const Told& each : told) {
      if (!each.answered && each.socket.open()) return true;
    }
    return false;
  };
  for (int attempt = 0; attempt < kTries && waits() && !stop; ++attempt) {
    for (Told& each : told) {
      if (!each.answered) Send(each, news);
    }
    for (int waited = 0; waited < kFirstWaitMs << attempt && waits() && !stop;
         waited += kStopCheckMs) {
      std::vector<pollfd> sockets;
      for (const Told& each : told) {
        sockets.push_back({each.answered ? -1 : each.socket.get(), POLLIN, 0});
      }
      if (::poll(sockets.data(), sockets.size(), kStopCheckMs) <= 0) continue;
      for (Told& each : told) {
        if (!each.answered && each.socket.open()) Receive(each);
      }
    }
  }
  std::vector<net::Endpoint> silent;
  for (const Told& each : told) {
    if (!each.answered) silent.push_back(each.peer.endpoint);
  }
  return silent;
}

}  // namespace

std::vector<net::Endpoint> SendNotify(dns::NameView apex, const dns::RRsetView& soa,
                                      const std::vector<TransferPeer>& secondaries,
                                      const std::atomic<bool>& stop) {
  return Tell({apex, dns::RRType::kSOA, &soa}, secondaries, stop);
}

std::vector<net::Endpoint> SendNotifyOf(dns::NameView owner, dns::RRType type,
                                        const std::vector<net::Endpoint>& to,
                                        const std::atomic<bool>& stop) {
  std::vector<TransferPeer> peers;
  for (const net::Endpoint& endpoint : to) peers.push_back({endpoint, nullptr});
  return Tell({owner, type, nullptr}, peers, stop);
}

}  // namespace sealwire::proxy
