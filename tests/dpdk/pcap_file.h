// Capture files (libpcap's classic format) as DPDK's net_pcap port reads and writes them.
#pragma once

#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/dpdk/frame_builder.h"

namespace sealwire::dpdk::testing {

inline void Put32(std::string& out, std::uint32_t value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

inline void WriteCapture(const std::string& path, const std::vector<Octets>& frames) {
  std::string out;
  Put32(out, 0xa1b2c3d4);  // in the order of this machine
  Put32(out, 0x00040002);  // version 2.4
  Put32(out, 0);
  Put32(out, 0);
  Put32(out, 65535);
  Put32(out, 1);  // Ethernet
  for (const Octets& frame : frames) {
    Put32(out, 0);
    Put32(out, 0);
    Put32(out, static_cast<std::uint32_t>(frame.size()));
    Put32(out, static_cast<std::uint32_t>(frame.size()));
    out.append(frame.begin(), frame.end());
  }
  std::ofstream(path, std::ios::binary) << out;
}

inline std::vector<Octets> ReadCapture(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string in{std::istreambuf_iterator<char>(file), {}};
  std::vector<Octets> frames;
  for (std::size_t at = 24; at + 16 <= in.size();) {
    std::uint32_t size = 0;
    std::memcpy(&size, in.data() + at + 8, sizeof size);
    at += 16;
    if (at + size > in.size()) break;
    frames.emplace_back(in.begin() + static_cast<std::ptrdiff_t>(at),
                        in.begin() + static_cast<std::ptrdiff_t>(at + size));
    at += size;
  }
  return frames;
}

}  // namespace sealwire::dpdk::testing
