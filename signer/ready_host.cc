#include "signer/ready_host.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace sealwire::signer {
namespace {

constexpr unsigned kKernelEvents = 1;  // multicast group of NETLINK_KOBJECT_UEVENT

int OpenEvents() noexcept {
  const int fd =
      socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
  if (fd < 0) return -1;
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = kKernelEvents;
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) return fd;
  close(fd);
  return -1;
}

}  // namespace

bool IsNewVmGeneration(dns::Bytes uevent) noexcept {
  constexpr std::string_view kMark = "NEW_VMGENID=1";
  const std::string_view text(reinterpret_cast<const char*>(uevent.data()), uevent.size());
  std::size_t from = 0;
  while (from < text.size()) {
    const std::size_t to = std::min(text.find('\0', from), text.size());
    if (text.substr(from, to - from) == kMark) return true;
    from = to + 1;
  }
  return false;
}

HostWatch::HostWatch(std::string boot_id_path)
    : boot_id_path_(std::move(boot_id_path)),
      boot_id_(ReadBootId()),
      events_(OpenEvents()),
      interrupt_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

HostWatch::~HostWatch() {
  if (events_ >= 0) close(events_);
  if (interrupt_ >= 0) close(interrupt_);
}

HostWatch::BootId HostWatch::ReadBootId() const noexcept {
  BootId id{};
  const int fd = open(boot_id_path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return id;
  const ssize_t size = read(fd, id.data(), id.size());
  close(fd);
  return size > 0 ? id : BootId{};
}

// True when the generation is new, or when events were lost and it might be.
bool HostWatch::DrainEvents() noexcept {
  bool changed = false;
  std::array<std::uint8_t, 8192> message;
  while (true) {
    sockaddr_nl sender{};
    socklen_t sender_size = sizeof(sender);
    const ssize_t size = recvfrom(events_, message.data(), message.size(), 0,
                                  reinterpret_cast<sockaddr*>(&sender), &sender_size);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return changed || errno == ENOBUFS;
    // The kernel's own port is 0; anybody else's message is no evidence.
    const dns::Bytes uevent(message.data(), static_cast<std::size_t>(size));
    if (sender.nl_pid == 0 && IsNewVmGeneration(uevent)) changed = true;
  }
}

std::string_view HostWatch::WaitForChange(int milliseconds) noexcept {
  pollfd waits[2] = {{interrupt_, POLLIN, 0}, {events_, POLLIN, 0}};
  poll(waits, 2, milliseconds);
  if (events_ >= 0 && DrainEvents()) return "the virtual machine was cloned or restored";
  const BootId now = ReadBootId();
  if (now == boot_id_) return {};
  boot_id_ = now;
  return "the boot id has changed";
}

void HostWatch::Interrupt() noexcept {
  const std::uint64_t one = 1;
  // The counter cannot overflow, so the write cannot fail; should it, the wait ends by its time.
  [[maybe_unused]] const ssize_t written = write(interrupt_, &one, sizeof(one));
}

}  // namespace sealwire::signer
