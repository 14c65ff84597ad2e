#include "net/udp_slots.h"

namespace sealwire::net {

namespace {

// Slots one cache line apart from a power of two: all first lines of the slots would else fall into
// the same set of the first-level cache.
std::size_t Stride(std::size_t slot_size) noexcept {
  return (slot_size + 127) / 64 * 64 | 64;
}

}  // namespace

UdpSlots::UdpSlots(std::size_t slots, std::size_t size)
    : slot_size(size),
      stride(Stride(size)),
      data(slots * stride),
      headers(slots),
      vectors(slots),
      names(slots),
      controls(slots) {
  for (std::size_t i = 0; i < slots; ++i) {
    vectors[i] = {data.data() + i * stride, slot_size};
    msghdr& header = headers[i].msg_hdr;
    header = {};
    header.msg_name = &names[i];
    header.msg_namelen = sizeof names[i];
    header.msg_iov = &vectors[i];
    header.msg_iovlen = 1;
    header.msg_control = &controls[i];
    header.msg_controllen = sizeof controls[i];
  }
}

}  // namespace sealwire::net
