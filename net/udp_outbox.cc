#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <vector>

#include "net/socket_address.h"
#include "net/udp_slots.h"
#include "net/udp_socket.h"

namespace sealwire::net {

namespace {

// What the kernel splits at most out of one call (UDP_MAX_SEGMENTS before Linux 6.9), and the
// largest IP packet that one call may describe, headers taken off.
constexpr std::size_t kMostInRun = 64;
constexpr std::size_t kMostOctetsInRun = 65'000;
// A route that does not segment (no checksum offload, IPsec) refuses every run: after so many
// refusals on end, datagrams go one by one for so many batches.
constexpr unsigned kRefusalsBeforeRest = 8;
constexpr unsigned kBatchesOfRest = 4096;

template <class Value>
void PutControl(msghdr& header, UdpControl& control, int level, int type,
                const Value& value) noexcept {
  const std::size_t at = header.msg_controllen;
  auto* c = reinterpret_cast<cmsghdr*>(control.octets.data() + at);
  c->cmsg_level = level;
  c->cmsg_type = type;
  c->cmsg_len = CMSG_LEN(sizeof value);
  std::memcpy(CMSG_DATA(c), &value, sizeof value);
  header.msg_control = &control;
  header.msg_controllen = at + CMSG_SPACE(sizeof value);
}

// Makes the reply leave from the address that was asked. The route decides on the interface, but
// for link-local addresses, which mean nothing without one.
void PutPacketInfo(msghdr& header, UdpControl& control, const UdpPeer& to) noexcept {
  const dns::Bytes local = to.local.octets();
  if (to.local.IsV6()) {
    in6_pktinfo info{};
    std::memcpy(&info.ipi6_addr, local.data(), local.size());
    info.ipi6_ifindex = to.interface;
    PutControl(header, control, IPPROTO_IPV6, IPV6_PKTINFO, info);
  } else {
    in_pktinfo info{};
    std::memcpy(&info.ipi_spec_dst, local.data(), local.size());
    PutControl(header, control, IPPROTO_IP, IP_PKTINFO, info);
  }
}

std::uint64_t Load64(const void* from) noexcept {
  std::uint64_t word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

}  // namespace

// Datagrams of one size for one peer are a run: the kernel takes it in one piece (UDP_SEGMENT), and
// its way through routing and queues is walked once instead of once a datagram.
struct UdpOutbox::Impl : UdpSlots {
  struct Run {
    std::uint16_t first, last, count;
  };

  Impl(std::size_t slots, std::size_t size)
      : UdpSlots(slots, size),
        run_headers(slots),
        run_vectors(slots),
        runs(slots),
        next(slots),
        index(std::bit_ceil(2 * slots)) {}

  std::size_t Slot(std::size_t i) const noexcept {
    const auto* name = reinterpret_cast<const std::uint8_t*>(&names[i]);
    // Family, port and IPv4 address are the first eight octets; an IPv6 address is the 8th to 23rd.
    std::uint64_t hash = Load64(name) ^ vectors[i].iov_len << 48;
    if (names[i].ss_family == AF_INET6) hash += Load64(name + 8) * 31 + Load64(name + 16);
    return (hash * 0x9e3779b97f4a7c15ull) >> 32 & (index.size() - 1);
  }
  bool SameRun(std::size_t a, std::size_t b) const noexcept {
    const msghdr& x = headers[a].msg_hdr;
    const msghdr& y = headers[b].msg_hdr;
    return vectors[a].iov_len == vectors[b].iov_len && x.msg_namelen == y.msg_namelen &&
           std::memcmp(x.msg_name, y.msg_name, x.msg_namelen) == 0 &&
           x.msg_controllen == y.msg_controllen &&
           std::memcmp(&controls[a], &controls[b], x.msg_controllen) == 0;
  }

  void SortIntoRuns() noexcept;
  void WriteRunHeaders() noexcept;
  std::size_t SendOneByOne(int fd, const Run& run) noexcept;

  std::size_t used = 0;  // slots committed
  std::vector<mmsghdr> run_headers;
  std::vector<iovec> run_vectors;
  std::vector<Run> runs;
  std::size_t run_count = 0;
  std::vector<std::uint16_t> next;   // within a run
  std::vector<std::uint16_t> index;  // open addressing by peer and size: 1 + the run, 0 for none
  unsigned refusals = 0;             // of runs, on end
  unsigned rest = 0;                 // batches still to go one by one
};

void UdpOutbox::Impl::SortIntoRuns() noexcept {
  std::fill(index.begin(), index.end(), std::uint16_t{0});
  run_count = 0;
  for (std::size_t i = 0; i < used; ++i) {
    const auto slot = static_cast<std::uint16_t>(i);
    std::size_t at = Slot(i);
    while (index[at] != 0 && !SameRun(runs[index[at] - 1u].first, i)) {
      at = (at + 1) & (index.size() - 1);
    }
    if (index[at] != 0) {
      Run& run = runs[index[at] - 1u];
      if (run.count < kMostInRun && (run.count + 1u) * vectors[i].iov_len <= kMostOctetsInRun) {
        next[run.last] = slot;
        run.last = slot;
        ++run.count;
        continue;
      }
    }
    runs[run_count++] = {slot, slot, 1};
    index[at] = static_cast<std::uint16_t>(run_count);
  }
}

void UdpOutbox::Impl::WriteRunHeaders() noexcept {
  std::size_t vector = 0;
  for (std::size_t r = 0; r < run_count; ++r) {
    const Run& run = runs[r];
    msghdr& header = run_headers[r].msg_hdr;
    header = headers[run.first].msg_hdr;
    header.msg_iov = &run_vectors[vector];
    header.msg_iovlen = run.count;
    for (std::size_t i = run.first, n = 0; n < run.count; ++n, i = next[i]) {
      run_vectors[vector++] = vectors[i];
    }
    if (run.count > 1) {
      const auto size = static_cast<std::uint16_t>(vectors[run.first].iov_len);
      PutControl(header, controls[run.first], IPPROTO_UDP, UDP_SEGMENT, size);
    }
  }
}

std::size_t UdpOutbox::Impl::SendOneByOne(int fd, const Run& run) noexcept {
  std::size_t sent = 0;
  for (std::size_t i = run.first, n = 0; n < run.count; ++n, i = next[i]) {
    if (::sendmsg(fd, &headers[i].msg_hdr, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) ++sent;
  }
  return sent;
}

UdpOutbox::UdpOutbox(std::size_t slots, std::size_t slot_size)
    : impl_(std::make_unique<Impl>(slots, slot_size)) {}
UdpOutbox::~UdpOutbox() = default;
bool UdpOutbox::empty() const noexcept {
  return impl_->used == 0;
}
bool UdpOutbox::full() const noexcept {
  return impl_->used == impl_->headers.size();
}
dns::MutableBytes UdpOutbox::Next() noexcept {
  return impl_->octets(impl_->used);
}

dns::MutableBytes UdpOutbox::slot(std::size_t i) noexcept {
  return impl_->octets(i);
}

void UdpOutbox::Commit(std::size_t size, const UdpPeer& to) noexcept {
  CommitSlot(impl_->used, size, to);
}

void UdpOutbox::CommitSlot(std::size_t i, std::size_t size, const UdpPeer& to) noexcept {
  const std::size_t slot = impl_->used++;
  const SocketAddress address(to.remote, to.interface);
  std::memcpy(&impl_->names[slot], &address.storage, address.size);
  impl_->vectors[slot] = {impl_->octets(i).data(), size};
  msghdr& header = impl_->headers[slot].msg_hdr;
  header.msg_namelen = address.size;
  header.msg_control = nullptr;
  header.msg_controllen = 0;
  if (to.local != IpAddress()) PutPacketInfo(header, impl_->controls[slot], to);
}

UdpOutbox::Flushed UdpOutbox::Flush(UdpSocket& socket) noexcept {
  Impl& impl = *impl_;
  Flushed flushed;
  const std::size_t count = impl.used;
  mmsghdr* messages = impl.headers.data();
  std::size_t message_count = count;
  const bool in_runs = impl.rest == 0;
  if (in_runs) {
    impl.SortIntoRuns();
    impl.WriteRunHeaders();
    messages = impl.run_headers.data();
    message_count = impl.run_count;
  } else {
    --impl.rest;
  }
  for (std::size_t next = 0; next < message_count;) {
    const int n =
        ::sendmmsg(socket.fd(), messages + next, static_cast<unsigned>(message_count - next),
                   MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0) {
      for (int i = 0; i < n; ++i, ++next) {
        const std::size_t sent = messages[next].msg_hdr.msg_iovlen;
        flushed.sent += sent;
        if (sent > 1) flushed.in_runs += sent, impl.refusals = 0;
      }
    } else if (errno == EAGAIN || errno == ENOBUFS) {
      break;
    } else if (errno != EINTR) {
      // The run cannot be split on this route (MTU, offload), or its destination is at fault:
      // the others may still go.
      if (in_runs && impl.runs[next].count > 1) {
        flushed.sent += impl.SendOneByOne(socket.fd(), impl.runs[next]);
        if (++impl.refusals == kRefusalsBeforeRest) impl.refusals = 0, impl.rest = kBatchesOfRest;
      }
      ++next;
    }
  }
  flushed.dropped = count - flushed.sent;
  impl.used = 0;
  return flushed;
}

}  // namespace sealwire::net
