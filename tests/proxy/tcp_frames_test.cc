#include "proxy/tcp_frames.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace sealwire::proxy {
namespace {

std::string Frame(const std::string& message) {
  return std::string{static_cast<char>(message.size() >> 8), static_cast<char>(message.size())} +
         message;
}

// Feeds the stream in pieces of `piece` octets and gives what comes out; "BAD" at a bad length.
std::vector<std::string> Take(const std::string& stream, std::size_t piece) {
  TcpFrames frames(3, 100);
  std::vector<std::string> taken;
  for (std::size_t at = 0; at < stream.size();) {
    const dns::MutableBytes room = frames.Room();
    EXPECT_FALSE(room.empty());
    const std::size_t size = std::min({piece, room.size(), stream.size() - at});
    std::copy_n(stream.begin() + static_cast<std::ptrdiff_t>(at), size, room.begin());
    frames.Added(size);
    at += size;
    dns::MutableBytes frame;
    TcpFrames::Next next;
    while ((next = frames.Take(frame)) == TcpFrames::Next::kFrame) {
      taken.emplace_back(frame.begin(), frame.end());
    }
    if (next == TcpFrames::Next::kBad) {
      taken.emplace_back("BAD");
      return taken;
    }
  }
  if (frames.InFrame()) taken.emplace_back("...");
  return taken;
}

TEST(TcpFrames, Rfc7766Section8_TheSameFramesInPiecesOfAnySize) {
  const std::vector<std::string> messages{"abc", std::string(100, 'x'), "defgh", "ijk"};
  std::string stream;
  for (const std::string& message : messages) stream += Frame(message);
  for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
    EXPECT_EQ(Take(stream, piece), messages) << piece;
  }
}

TEST(TcpFrames, AFrameWithoutItsEndIsNotTaken) {
  EXPECT_EQ(Take(Frame("abc") + Frame("defgh").substr(0, 5), 4),
            (std::vector<std::string>{"abc", "..."}));
  EXPECT_EQ(Take(std::string(1, '\0'), 1), (std::vector<std::string>{"..."}));
}

TEST(TcpFrames, LengthsOutOfBoundsEndTheStream) {
  EXPECT_EQ(Take(Frame("abc") + Frame("de"), 50), (std::vector<std::string>{"abc", "BAD"}));
  EXPECT_EQ(Take(Frame(""), 50), (std::vector<std::string>{"BAD"}));
  EXPECT_EQ(Take(Frame(std::string(101, 'x')), 1), (std::vector<std::string>{"BAD"}));
  EXPECT_EQ(Take("\xff\xff", 2), (std::vector<std::string>{"BAD"}));
}

TEST(TcpFrames, RoomNeverRunsOutBetweenFrames) {
  std::mt19937 random(1);
  TcpFrames frames(1, 100);
  for (int i = 0; i < 10000; ++i) {
    const dns::MutableBytes room = frames.Room();
    ASSERT_FALSE(room.empty());
    // Lengths 1 to 100 only, so that the stream is never bad.
    for (auto& octet : room) octet = 0;
    const std::size_t size = 1 + random() % room.size();
    for (std::size_t at = 0; at < room.size(); ++at) room[at] = at % 2 == 0 ? 0 : 1;
    frames.Added(size);
    dns::MutableBytes frame;
    TcpFrames::Next next;
    while ((next = frames.Take(frame)) == TcpFrames::Next::kFrame) {
    }
    if (next == TcpFrames::Next::kBad) frames = TcpFrames(1, 100);
  }
}

}  // namespace
}  // namespace sealwire::proxy
