#include "dpdk/tap_device.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace sealwire::dpdk {
namespace {

Error Failed(const std::string& what) {
  const int error = errno;
  std::string hint;
  if (error == EPERM || error == EACCES) hint = "; it needs root or CAP_NET_ADMIN";
  if (error == ENOENT) hint = "; load the driver: modprobe tun";
  return Error{what + ": " + std::strerror(error) + hint};
}

}  // namespace

Result<TapDevice> TapDevice::Open(const std::string& name, const std::array<std::uint8_t, 6>& mac,
                                  std::uint16_t mtu) {
  TapDevice tap;
  tap.file_ = net::FileDescriptor(::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!tap.file_.open()) return Failed("/dev/net/tun cannot be opened");
  ifreq request{};
  name.copy(request.ifr_name, sizeof request.ifr_name - 1);
  request.ifr_flags = IFF_TAP | IFF_NO_PI;
  if (::ioctl(tap.file_.get(), TUNSETIFF, &request) != 0) {
    return Failed("the TAP interface " + name + " cannot be made");
  }
  tap.name_ = request.ifr_name;

  const net::FileDescriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  request.ifr_hwaddr.sa_family = ARPHRD_ETHER;
  std::memcpy(request.ifr_hwaddr.sa_data, mac.data(), mac.size());
  if (::ioctl(socket.get(), SIOCSIFHWADDR, &request) != 0) {
    return Failed(tap.name_ + " cannot take the port's address");
  }
  request.ifr_mtu = mtu;
  if (::ioctl(socket.get(), SIOCSIFMTU, &request) != 0)
    return Failed(tap.name_ + " cannot take the port's MTU");
  if (::ioctl(socket.get(), SIOCGIFFLAGS, &request) == 0) {
    request.ifr_flags |= IFF_UP;
    if (::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0)
      return Failed(tap.name_ + " cannot be brought up");
  }
  return tap;
}

bool TapDevice::Write(dns::Bytes frame) noexcept {
  return ::write(file_.get(), frame.data(), frame.size()) == static_cast<ssize_t>(frame.size());
}

std::size_t TapDevice::Read(dns::MutableBytes out) noexcept {
  const ssize_t size = ::read(file_.get(), out.data(), out.size());
  return size > 0 ? static_cast<std::size_t>(size) : 0;
}

}  // namespace sealwire::dpdk
