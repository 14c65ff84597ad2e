// TCP framing must give the same frames however the stream is cut, and never more than was
// received.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "proxy/tcp_frames.h"

namespace {

using sealwire::proxy::TcpFrames;

std::vector<std::vector<std::uint8_t>> Take(sealwire::dns::Bytes stream, std::size_t piece) {
  TcpFrames frames(12, 4096);
  std::vector<std::vector<std::uint8_t>> taken;
  while (!stream.empty()) {
    const auto room = frames.Room();
    if (room.empty()) std::abort();
    const std::size_t size = std::min({piece, room.size(), stream.size()});
    std::copy_n(stream.begin(), size, room.begin());
    frames.Added(size);
    stream = stream.subspan(size);
    sealwire::dns::MutableBytes frame;
    TcpFrames::Next next;
    while ((next = frames.Take(frame)) == TcpFrames::Next::kFrame) {
      taken.emplace_back(frame.begin(), frame.end());
    }
    if (next == TcpFrames::Next::kBad) break;
  }
  return taken;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const sealwire::dns::Bytes stream{data + 1, size - 1};
  if (Take(stream, 1 + data[0]) != Take(stream, stream.size())) std::abort();
  return 0;
}
