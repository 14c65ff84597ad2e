// What batching is worth on the way between the kernel and a worker: an echo over loopback with one
// datagram per system call, and with the inbox and outbox of net/udp_socket.h. Then the same
// through a UDP path and its pipeline, which refuses every query: the floor under every answer.
//
// Each round sends 64 queries from a connected socket, lets the server turn them around and reads
// the 64 replies. The server's share is what differs between the variants; the sender's is the
// same.
#include <benchmark/benchmark.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cstring>
#include <memory>

#include "net/event_loop.h"
#include "net/socket_address.h"
#include "net/udp_socket.h"
#include "proxy/pipeline.h"
#include "proxy/udp_path.h"

namespace {

using namespace sealwire;

constexpr std::size_t kBurst = 64;

std::array<std::uint8_t, 31> Query() {
  return {0x12, 0x34, 0,   0,   0,   1,   0,   0,   0,   0,   0, 0, 3, 'w', 'w', 'w',
          9,    'e',  'l', 's', 'e', 'w', 'h', 'e', 'r', 'e', 0, 0, 1, 0,   1};
}

// A server socket, a client connected to it, and the client's half of a round.
class Ends {
 public:
  Ends()
      : server(net::UdpSocket::Bind({net::IpAddress::V4({127, 0, 0, 1}), 0}).value()),
        client_(net::UdpSocket::Connect(server.local()).value()) {}
  void SendBurst() {
    const auto query = Query();
    for (std::size_t i = 0; i < kBurst; ++i) {
      const dns::MutableBytes slot = out_.Next();
      std::memcpy(slot.data(), query.data(), query.size());
      out_.Commit(query.size(), {server.local(), {}, 0});
    }
    out_.Flush(client_);
  }
  std::size_t ReadBurst() { return in_.Receive(client_).count; }

  net::UdpSocket server;

 private:
  net::UdpSocket client_;
  net::UdpInbox in_{kBurst, 2048};
  net::UdpOutbox out_{kBurst, 2048};
};

void Report(benchmark::State& state, std::size_t echoed) {
  if (echoed != state.iterations() * kBurst) state.SkipWithError("datagrams were lost");
  state.SetItemsProcessed(static_cast<std::int64_t>(echoed));
}

void EchoOneByOne(benchmark::State& state) {
  Ends ends;
  std::array<std::uint8_t, 2048> buffer;
  std::size_t echoed = 0;
  for (auto _ : state) {
    ends.SendBurst();
    for (std::size_t i = 0; i < kBurst; ++i) {
      net::SocketAddress peer;
      const ssize_t n =
          ::recvfrom(ends.server.fd(), buffer.data(), buffer.size(), 0, peer.get(), &peer.size);
      ::sendto(ends.server.fd(), buffer.data(), static_cast<std::size_t>(n), 0, peer.get(),
               peer.size);
    }
    echoed += ends.ReadBurst();
  }
  Report(state, echoed);
}
BENCHMARK(EchoOneByOne);

void EchoInBatches(benchmark::State& state) {
  Ends ends;
  net::UdpInbox in(static_cast<std::size_t>(state.range(0)), 4096);
  net::UdpOutbox out(static_cast<std::size_t>(state.range(0)), 1232);
  std::size_t echoed = 0;
  for (auto _ : state) {
    ends.SendBurst();
    for (std::size_t turned = 0; turned < kBurst;) {
      const std::size_t count = in.Receive(ends.server).count;
      for (std::size_t i = 0; i < count; ++i) {
        const dns::Bytes query = in.payload(i);
        std::memcpy(out.Next().data(), query.data(), query.size());
        out.Commit(query.size(), in.peer(i));
      }
      out.Flush(ends.server);
      turned += count;
    }
    echoed += ends.ReadBurst();
  }
  Report(state, echoed);
}
BENCHMARK(EchoInBatches)->Arg(1)->Arg(8)->Arg(64);

class NeverSigns final : public signer::DigestSigner {
 public:
  bool Sign(const signer::SigningKey&, const signer::Digest&,
            signer::Signature&) noexcept override {
    return false;
  }
};

void RefuseThroughThePipeline(benchmark::State& state) {
  Ends ends;
  auto loop = net::EventLoop::Create().value();
  NeverSigns signer;
  proxy::Pipeline pipeline({}, signer, nullptr, nullptr);
  pipeline.UseZones(std::make_shared<const proxy::ZoneTable>());
  proxy::UdpCounters counters;
  proxy::UdpPath path(*loop, net::UdpSocket::Bind({net::IpAddress::V4({127, 0, 0, 1}), 0}).value(),
                      0, pipeline, counters, {});
  path.Open();
  net::UdpSocket client = net::UdpSocket::Connect(path.local()).value();
  net::UdpInbox in(kBurst, 2048);
  net::UdpOutbox out(kBurst, 2048);
  const auto query = Query();
  std::size_t answered = 0;
  for (auto _ : state) {
    for (std::size_t i = 0; i < kBurst; ++i) {
      const dns::MutableBytes slot = out.Next();
      std::memcpy(slot.data(), query.data(), query.size());
      out.Commit(query.size(), {path.local(), {}, 0});
    }
    out.Flush(client);
    loop->RunOnce(std::chrono::milliseconds(0));
    answered += in.Receive(client).count;
  }
  Report(state, answered);
}
BENCHMARK(RefuseThroughThePipeline);

}  // namespace
