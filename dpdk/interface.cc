#include "dpdk/interface.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace sealwire::dpdk {
namespace {

ifreq RequestFor(const std::string& name) {
  ifreq request{};
  name.copy(request.ifr_name, sizeof request.ifr_name - 1);
  return request;
}

void ReadChannels(int socket, const std::string& name, InterfaceFacts& facts) {
  ethtool_channels channels{};
  channels.cmd = ETHTOOL_GCHANNELS;
  ifreq request = RequestFor(name);
  request.ifr_data = reinterpret_cast<char*>(&channels);
  if (::ioctl(socket, SIOCETHTOOL, &request) != 0) return;
  facts.queues = static_cast<std::uint16_t>(std::max(channels.combined_count, 1u));
  facts.receive_queues =
      static_cast<std::uint16_t>(std::max(channels.combined_count + channels.rx_count, 1u));
}

std::string ProgramName(std::uint32_t id) {
  const net::FileDescriptor program(bpf_prog_get_fd_by_id(id));
  if (!program.open()) return {};
  bpf_prog_info info{};
  std::uint32_t size = sizeof info;
  if (bpf_obj_get_info_by_fd(program.get(), &info, &size) != 0) return {};
  return info.name;
}

}  // namespace

std::optional<InterfaceFacts> ReadInterface(const std::string& name) {
  const net::FileDescriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request = RequestFor(name);
  if (!socket.open() || ::ioctl(socket.get(), SIOCGIFINDEX, &request) != 0) return std::nullopt;
  InterfaceFacts facts;
  facts.index = request.ifr_ifindex;
  if (::ioctl(socket.get(), SIOCGIFFLAGS, &request) == 0) {
    facts.up = (request.ifr_flags & IFF_UP) != 0;
    facts.carrier = (request.ifr_flags & IFF_RUNNING) != 0;
  }
  if (::ioctl(socket.get(), SIOCGIFMTU, &request) == 0) facts.mtu = request.ifr_mtu;
  ReadChannels(socket.get(), name, facts);
  if (bpf_xdp_query_id(facts.index, 0, &facts.xdp_program) == 0 && facts.xdp_program != 0) {
    facts.xdp_name = ProgramName(facts.xdp_program);
  }
  return facts;
}

net::FileDescriptor LockInterface(const std::string& name) {
  // An abstract socket's name belongs to the network namespace and goes with its owner, however the
  // owner ends.
  net::FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string label = "sealwire-interface-" + name;
  label.copy(address.sun_path + 1, sizeof address.sun_path - 2);
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + label.size());
  if (!socket.open() ||
      ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0) {
    return {};
  }
  return socket;
}

}  // namespace sealwire::dpdk
