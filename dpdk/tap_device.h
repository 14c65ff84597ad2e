// A TAP interface of the kernel's: frames written to it the kernel receives, frames the kernel
// sends out through it are read.
//
// Threading: one thread's. Errors: Open() says what to type. The interface goes with its owner.
// No DPDK type.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "dns/bytes.h"
#include "dns/result.h"
#include "net/file_descriptor.h"

namespace sealwire::dpdk {

class TapDevice {
 public:
  // `name` may hold one %d, which the kernel numbers. The interface gets `mac`, so that the kernel
  // answers ARP with the port's address, and `mtu`, and is up.
  static Result<TapDevice> Open(const std::string& name, const std::array<std::uint8_t, 6>& mac,
                                std::uint16_t mtu);

  const std::string& name() const noexcept { return name_; }
  int fd() const noexcept { return file_.get(); }
  // False: the kernel did not take it.
  bool Write(dns::Bytes frame) noexcept;
  // The size of the next frame, 0 when there is none now.
  std::size_t Read(dns::MutableBytes out) noexcept;

 private:
  TapDevice() = default;
  net::FileDescriptor file_;
  std::string name_;
};

}  // namespace sealwire::dpdk
