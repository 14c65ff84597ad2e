#include "keycache/hsm_protocol.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <thread>
#include <vector>

#include "keycache/frame_io.h"

namespace sealwire::keycache {
namespace {

std::vector<std::uint8_t> Encode(const HsmRequest& request) {
  std::vector<std::uint8_t> octets(kMaxFrameSize);
  dns::Writer out(octets);
  WriteRequest(request, out);
  EXPECT_TRUE(out.ok());
  octets.resize(out.size());
  return octets;
}

TEST(HsmProtocol, RequestComesBackWhole) {
  const std::array<std::uint8_t, 64> peer{1, 2, 3};
  HsmRequest request;
  request.id = 0x01020304;
  request.op = HsmOp::kDerive;
  request.key.fill(7);
  request.data = peer;
  const auto octets = Encode(request);
  const auto parsed = ParseRequest(octets);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->id, request.id);
  EXPECT_EQ(parsed->op, request.op);
  EXPECT_EQ(parsed->key, request.key);
  EXPECT_TRUE(dns::Equal(parsed->data, peer));
}

TEST(HsmProtocol, LongestLabelFits) {
  const std::string label(kMaxLabelSize, 'a');
  HsmRequest request;
  request.op = HsmOp::kMakeKey;
  request.use = KeyUse::kDerive;
  request.label = label;
  const auto octets = Encode(request);
  const auto parsed = ParseRequest(octets);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->label, label);
  EXPECT_EQ(parsed->use, KeyUse::kDerive);
}

TEST(HsmProtocol, RequestsThatMakeNoSenseAreRefused) {
  HsmRequest request;
  request.op = HsmOp::kSign;
  EXPECT_FALSE(ParseRequest(Encode(request))) << "no digest";
  request.op = HsmOp::kMakeKey;
  EXPECT_FALSE(ParseRequest(Encode(request))) << "no label";
  request.label = "a\nb";
  EXPECT_FALSE(ParseRequest(Encode(request))) << "a label that cannot be printed";
  request.op = HsmOp::kPing;
  request.label = "label";
  EXPECT_FALSE(ParseRequest(Encode(request))) << "a label that nobody asked for";

  auto octets = Encode({});
  ASSERT_TRUE(ParseRequest(octets));
  octets[4] = 8;
  EXPECT_FALSE(ParseRequest(octets)) << "unknown operation";
  octets[4] = 1;
  octets[5] = 2;
  EXPECT_FALSE(ParseRequest(octets)) << "unknown use";
  octets[5] = 0;
  octets.push_back(0);
  EXPECT_FALSE(ParseRequest(octets)) << "octets at the end";
  for (std::size_t size = 0; size + 1 < octets.size(); ++size) {
    EXPECT_FALSE(ParseRequest(dns::Bytes(octets).first(size))) << size;
  }
}

TEST(HsmProtocol, ReasonsArePrintableWhateverTheModuleSays) {
  const std::uint8_t rude[] = {'a', 0x1b, '[', '2', 'J'};
  EXPECT_EQ(ReasonOf({1, HsmReplyStatus::kFailed, rude}), "a reason that cannot be printed");
  EXPECT_EQ(ReasonOf({1, HsmReplyStatus::kFailed, {}}), "no reason given");
}

class SocketPair {
 public:
  SocketPair() { EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds_), 0); }
  ~SocketPair() {
    close(fds_[0]);
    close(fds_[1]);
  }
  int here() const { return fds_[0]; }
  int there() const { return fds_[1]; }

 private:
  int fds_[2] = {-1, -1};
};

Deadline In(int milliseconds) {
  return std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds);
}

TEST(FrameIo, FrameArrivesInPieces) {
  const SocketPair pair;
  std::thread slow([&] {
    for (const char octet : std::string("\0\0\0\3abc", 7)) {
      usleep(2000);
      EXPECT_EQ(write(pair.there(), &octet, 1), 1);
    }
  });
  FrameBuffer buffer;
  EXPECT_TRUE(ReceiveFrame(pair.here(), buffer, In(2000)));
  slow.join();
  ASSERT_EQ(buffer.frame().size(), 3u);
  EXPECT_EQ(buffer.frame()[2], 'c');
}

TEST(FrameIo, DeadlineHoldsInTheMiddleOfAFrame) {
  const SocketPair pair;
  ASSERT_EQ(write(pair.there(), "\0\0\0\3a", 5), 5);
  FrameBuffer buffer;
  const auto before = std::chrono::steady_clock::now();
  EXPECT_FALSE(ReceiveFrame(pair.here(), buffer, In(50)));
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::milliseconds(1000));
}

TEST(FrameIo, TooLongAFrameIsRefusedBeforeItIsRead) {
  const SocketPair pair;
  ASSERT_EQ(write(pair.there(), "\0\0\x08\x01", 4), 4);
  FrameBuffer buffer;
  EXPECT_FALSE(ReceiveFrame(pair.here(), buffer, In(2000)));
}

TEST(FrameIo, PeerThatIsGoneIsAnErrorAndNoSignal) {
  int fds[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
  close(fds[1]);
  FrameBuffer buffer;
  buffer.Set(10);
  EXPECT_FALSE(SendFrame(fds[0], buffer, In(100)));
  EXPECT_FALSE(ReceiveFrame(fds[0], buffer, In(100)));
  close(fds[0]);
}

}  // namespace
}  // namespace sealwire::keycache
