#include "control/dnstap_message.h"

namespace sealwire::control {
namespace {

// Protocol buffers: a key (field number and wire type), then the value.
enum WireType : std::uint32_t { kVarint = 0, kLengthDelimited = 2, kFixed32 = 5 };

class Fields {
 public:
  explicit Fields(std::vector<std::uint8_t>& out) : out_(out) {}

  void Number(std::uint32_t field, std::uint64_t value) {
    Varint(field << 3 | kVarint);
    Varint(value);
  }
  void Fixed(std::uint32_t field, std::uint32_t value) {
    Varint(field << 3 | kFixed32);
    for (int shift = 0; shift < 32; shift += 8) {
      out_.push_back(static_cast<std::uint8_t>(value >> shift));
    }
  }
  template <class Octets>
  void Run(std::uint32_t field, const Octets& octets) {
    Varint(field << 3 | kLengthDelimited);
    Varint(octets.size());
    out_.insert(out_.end(), octets.begin(), octets.end());
  }

 private:
  void Varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) out_.push_back(static_cast<std::uint8_t>(value | 0x80));
    out_.push_back(static_cast<std::uint8_t>(value));
  }
  std::vector<std::uint8_t>& out_;
};

// dnstap.proto: field numbers and values.
namespace dnstap {
enum : std::uint32_t { kIdentity = 1, kVersion = 2, kMessage = 14, kType = 15 };
constexpr std::uint64_t kTypeMessage = 1;
}  // namespace dnstap
namespace message {
enum : std::uint32_t {
  kType = 1,
  kSocketFamily = 2,
  kSocketProtocol = 3,
  kQueryAddress = 4,
  kQueryPort = 6,
  kQueryTimeSec = 8,
  kQueryTimeNsec = 9,
  kQueryMessage = 10,
  kResponseTimeSec = 12,
  kResponseTimeNsec = 13,
  kResponseMessage = 14
};
constexpr std::uint64_t kAuthQuery = 1, kAuthResponse = 2;
constexpr std::uint64_t kInet = 1, kInet6 = 2;
constexpr std::uint64_t kUdp = 1, kTcp = 2;
}  // namespace message

}  // namespace

void EncodeDnstap(const proxy::TappedPacket& packet, std::string_view identity,
                  std::string_view version, std::vector<std::uint8_t>& out) {
  std::vector<std::uint8_t> inner;
  inner.reserve(packet.message.size() + 64);
  Fields fields(inner);
  fields.Number(message::kType, packet.is_response ? message::kAuthResponse : message::kAuthQuery);
  fields.Number(message::kSocketFamily,
                packet.client.address.IsV6() ? message::kInet6 : message::kInet);
  fields.Number(message::kSocketProtocol, packet.over_tcp ? message::kTcp : message::kUdp);
  fields.Run(message::kQueryAddress, packet.client.address.octets());
  fields.Number(message::kQueryPort, packet.client.port);
  const std::uint64_t seconds = packet.unix_ms / 1000;
  const auto nanoseconds = static_cast<std::uint32_t>(packet.unix_ms % 1000 * 1'000'000);
  if (packet.is_response) {
    fields.Number(message::kResponseTimeSec, seconds);
    fields.Fixed(message::kResponseTimeNsec, nanoseconds);
    fields.Run(message::kResponseMessage, packet.message);
  } else {
    fields.Number(message::kQueryTimeSec, seconds);
    fields.Fixed(message::kQueryTimeNsec, nanoseconds);
    fields.Run(message::kQueryMessage, packet.message);
  }
  out.clear();
  Fields outer(out);
  outer.Run(dnstap::kIdentity, identity);
  outer.Run(dnstap::kVersion, version);
  outer.Run(dnstap::kMessage, inner);
  outer.Number(dnstap::kType, dnstap::kTypeMessage);
}

}  // namespace sealwire::control
