// Frames in the tests' own words: what a client puts on the wire, and what it should find in a
// reply. Checksums are summed here octet by octet as RFC 1071 describes it, independent of
// net/internet_checksum.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sealwire::dpdk::testing {

using Octets = std::vector<std::uint8_t>;

inline void Append(Octets& to, const Octets& more) {
  to.insert(to.end(), more.begin(), more.end());
}
inline void Append16(Octets& to, std::size_t value) {
  to.push_back(static_cast<std::uint8_t>(value >> 8));
  to.push_back(static_cast<std::uint8_t>(value));
}

// 16-bit one's complement sum, not inverted.
inline std::uint16_t PlainSum(const Octets& data, std::uint32_t sum = 0) {
  for (std::size_t i = 0; i < data.size(); ++i) {
    sum += i % 2 == 0 ? static_cast<std::uint32_t>(data[i]) << 8 : data[i];
    sum = (sum & 0xffff) + (sum >> 16);
  }
  return static_cast<std::uint16_t>(sum);
}

// A query for `name` with one question: id 0x1234, RD set.
inline Octets Query(std::string_view name, std::uint16_t type = 1, bool opt = false) {
  Octets message = {0x12, 0x34, 0x01, 0x00, 0, 1,
                    0,    0,    0,    0,    0, static_cast<std::uint8_t>(opt ? 1 : 0)};
  while (!name.empty()) {
    const std::size_t dot = std::min(name.find('.'), name.size());
    message.push_back(static_cast<std::uint8_t>(dot));
    message.insert(message.end(), name.begin(), name.begin() + static_cast<std::ptrdiff_t>(dot));
    name.remove_prefix(std::min(dot + 1, name.size()));
  }
  message.push_back(0);
  Append16(message, type);
  Append16(message, 1);
  if (opt) Append(message, {0, 0, 41, 0x04, 0xd0, 0, 0, 0x80, 0, 0, 0});
  return message;
}

enum class UdpSum { kRight, kZero, kPseudoHeaderOnly, kWrong };

// One datagram and all that is around it; change what the test is about, then Build().
struct FrameBuilder {
  Octets client_mac = {2, 0, 0, 0, 0, 0x0c};
  Octets server_mac = {2, 0, 0, 0, 0, 0x05};
  std::vector<std::pair<std::uint16_t, std::uint16_t>> tags;  // EtherType and tag control
  bool v6 = false;
  Octets client = {192, 0, 2, 7};
  Octets server = {192, 0, 2, 53};
  std::uint16_t client_port = 40000;
  std::uint16_t server_port = 53;
  std::uint8_t protocol = 17;
  Octets ip_options;  // IPv4, a multiple of four
  std::vector<std::pair<std::uint8_t, Octets>>
      extensions;              // IPv6: number, and all but its next header
  std::uint16_t fragment = 0;  // IPv4 flags and offset
  Octets payload;
  UdpSum udp_sum = UdpSum::kRight;
  bool bad_ip_sum = false;
  std::optional<std::uint16_t> udp_length;
  std::size_t padding = 0;  // behind the IP packet

  static FrameBuilder V4(Octets payload) {
    FrameBuilder builder;
    builder.payload = std::move(payload);
    return builder;
  }
  static FrameBuilder V6(Octets payload) {
    FrameBuilder builder = V4(std::move(payload));
    builder.v6 = true;
    builder.client = {0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7};
    builder.server = {0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x53};
    return builder;
  }

  Octets Udp() const {
    Octets udp;
    Append16(udp, client_port);
    Append16(udp, server_port);
    const std::size_t length = udp_length.value_or(static_cast<std::uint16_t>(8 + payload.size()));
    Append16(udp, length);
    Append16(udp, 0);
    Append(udp, payload);
    Octets pseudo = client;
    Append(pseudo, server);
    Append16(pseudo, 17);
    Append16(pseudo, length);
    const std::uint16_t partial = PlainSum(pseudo);
    auto right = static_cast<std::uint16_t>(~PlainSum(udp, partial));
    if (right == 0) right = 0xffff;
    std::uint16_t stored = right;
    if (udp_sum == UdpSum::kZero) stored = 0;
    if (udp_sum == UdpSum::kPseudoHeaderOnly) stored = partial;
    if (udp_sum == UdpSum::kWrong)
      stored = static_cast<std::uint16_t>(right == 0x5555 ? 0x5554 : 0x5555);
    udp[6] = static_cast<std::uint8_t>(stored >> 8);
    udp[7] = static_cast<std::uint8_t>(stored);
    return udp;
  }

  Octets Build() const {
    Octets frame = server_mac;
    Append(frame, client_mac);
    for (const auto& [type, control] : tags) {
      Append16(frame, type);
      Append16(frame, control);
    }
    Append16(frame, v6 ? 0x86dd : 0x0800);
    Append(frame, v6 ? Ipv6() : Ipv4());
    frame.insert(frame.end(), padding, 0xee);
    return frame;
  }

 private:
  Octets Ipv4() const {
    const Octets udp = Udp();
    Octets ip = {static_cast<std::uint8_t>(0x45 + ip_options.size() / 4), 0};
    Append16(ip, 20 + ip_options.size() + udp.size());
    Append16(ip, 0xbeef);
    Append16(ip, fragment);
    Append(ip, {61, protocol, 0, 0});
    Append(ip, client);
    Append(ip, server);
    Append(ip, ip_options);
    const auto sum = static_cast<std::uint16_t>(~PlainSum(ip) + (bad_ip_sum ? 1 : 0));
    ip[10] = static_cast<std::uint8_t>(sum >> 8);
    ip[11] = static_cast<std::uint8_t>(sum);
    Append(ip, udp);
    return ip;
  }
  Octets Ipv6() const {
    Octets body;
    for (std::size_t i = 0; i < extensions.size(); ++i) {
      body.push_back(i + 1 < extensions.size() ? extensions[i + 1].first : protocol);
      Append(body, extensions[i].second);
    }
    Append(body, Udp());
    Octets ip = {0x60, 0x01, 0x23, 0x45};
    Append16(ip, body.size());
    ip.push_back(extensions.empty() ? protocol : extensions[0].first);
    ip.push_back(61);
    Append(ip, client);
    Append(ip, server);
    Append(ip, body);
    return ip;
  }
};

}  // namespace sealwire::dpdk::testing
