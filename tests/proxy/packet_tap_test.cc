#include "proxy/packet_tap.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace sealwire::proxy {
namespace {

constexpr std::uint64_t kAll = ~std::uint64_t{0};

std::vector<std::uint8_t> Message(std::size_t size, std::uint8_t fill) {
  return std::vector<std::uint8_t>(size, fill);
}

TappedPacket Packet(const std::vector<std::uint8_t>& message, std::uint64_t ms = 1) {
  TappedPacket packet;
  packet.client = {net::IpAddress::V4({192, 0, 2, 7}), 5353};
  packet.unix_ms = ms;
  packet.message = message;
  return packet;
}

TEST(PacketTap, GivesBackWhatWasTaken) {
  PacketTap tap({4096, kAll, true, true}, 1);
  const auto query = Message(40, 1), answer = Message(300, 2);
  tap.TakeQuery(Packet(query, 123));
  TappedPacket second = Packet(answer);
  second.is_response = second.over_tcp = true;
  second.client.address = *net::IpAddress::FromText("2001:db8::1");
  tap.TakeResponse(second);

  TappedPacket out;
  ASSERT_TRUE(tap.Next(out));
  EXPECT_FALSE(out.is_response);
  EXPECT_EQ(out.unix_ms, 123u);
  EXPECT_EQ(out.client.ToText(), "192.0.2.7:5353");
  EXPECT_EQ(std::vector<std::uint8_t>(out.message.begin(), out.message.end()), query);
  ASSERT_TRUE(tap.Next(out));
  EXPECT_TRUE(out.is_response && out.over_tcp);
  EXPECT_EQ(out.client.address.ToText(), "2001:db8::1");
  EXPECT_EQ(std::vector<std::uint8_t>(out.message.begin(), out.message.end()), answer);
  EXPECT_FALSE(tap.Next(out));
}

TEST(PacketTap, AFullRingLosesTheNewestAndCountsIt) {
  PacketTap tap({1024, kAll, true, true}, 1);
  const auto message = Message(200, 9);
  for (int i = 0; i < 10; ++i) tap.TakeQuery(Packet(message, static_cast<std::uint64_t>(i)));
  TappedPacket out;
  std::uint64_t got = 0;
  while (tap.Next(out)) EXPECT_EQ(out.unix_ms, got++);
  EXPECT_GT(got, 2u);
  EXPECT_EQ(tap.dropped().value(), 10 - got);
}

TEST(PacketTap, SizesOfAllKindsPassTheEndOfTheRing) {
  PacketTap tap({1024, kAll, true, true}, 1);
  TappedPacket out;
  for (std::size_t i = 0; i < 5000; ++i) {
    const auto message = Message(i * 7 % 400, static_cast<std::uint8_t>(i));
    tap.TakeQuery(Packet(message, i));
    ASSERT_TRUE(tap.Next(out)) << i;
    ASSERT_EQ(out.unix_ms, i);
    ASSERT_EQ(std::vector<std::uint8_t>(out.message.begin(), out.message.end()), message) << i;
    ASSERT_FALSE(tap.Next(out));
  }
  EXPECT_EQ(tap.dropped().value(), 0u);
}

TEST(PacketTap, OneThreadWritesWhileAnotherReads) {
  PacketTap tap({1 << 14, kAll, true, true}, 1);
  constexpr std::uint64_t kPackets = 50'000;
  std::thread writer([&] {
    for (std::uint64_t i = 1; i <= kPackets; ++i) {
      const auto message = Message(1 + i % 300, static_cast<std::uint8_t>(i));
      tap.TakeQuery(Packet(message, i));
    }
  });
  std::uint64_t got = 0, last = 0;
  TappedPacket out;
  while (got + tap.dropped().value() < kPackets) {
    if (!tap.Next(out)) continue;
    ASSERT_GT(out.unix_ms, last);
    last = out.unix_ms;
    ASSERT_EQ(out.message.size(), 1 + last % 300);
    ASSERT_EQ(out.message.front(), static_cast<std::uint8_t>(last));
    ASSERT_EQ(out.message.back(), static_cast<std::uint8_t>(last));
    ++got;
  }
  writer.join();
  EXPECT_GT(got, 0u);
}

TEST(PacketTap, TakesTheShareThatIsAskedFor) {
  PacketTap tap({1024, kAll / 100, true, true}, 42);
  int taken = 0;
  for (int i = 0; i < 100'000; ++i) taken += tap.Takes() ? 1 : 0;
  EXPECT_NEAR(taken, 1000, 150);
  EXPECT_FALSE(PacketTap({}, 42).Takes());
}

TEST(PacketTap, QueriesOrResponsesCanBeLeftOut) {
  PacketTap tap({1024, kAll, false, true}, 1);
  const auto message = Message(20, 1);
  tap.TakeQuery(Packet(message));
  TappedPacket out;
  EXPECT_FALSE(tap.Next(out));
  tap.TakeResponse(Packet(message));
  EXPECT_TRUE(tap.Next(out));
}

}  // namespace
}  // namespace sealwire::proxy
