#include "dpdk/truncated_reply.h"

#include <optional>

namespace sealwire::dpdk {
namespace {

constexpr std::size_t kHeaderSize = 12;
constexpr std::uint16_t kResponse = 0x8000;
constexpr std::uint16_t kOpcode = 0x7800;
constexpr std::uint16_t kTruncated = 0x0200;
constexpr std::uint16_t kRecursionDesired = 0x0100;
constexpr std::uint16_t kCheckingDisabled = 0x0010;

// The question as it lies after the header: a name without compression, type and class.
std::optional<dns::Bytes> ReadQuestion(dns::Bytes start) noexcept {
  dns::Reader reader(start, kHeaderSize);
  while (const std::uint8_t label = reader.U8()) {
    if (label > 63) return std::nullopt;
    reader.Skip(label);
    if (reader.position() > kHeaderSize + 254) return std::nullopt;
  }
  reader.Skip(4);
  if (!reader.ok()) return std::nullopt;
  return start.subspan(kHeaderSize, reader.position() - kHeaderSize);
}

}  // namespace

std::size_t WriteTruncatedReply(dns::Bytes start, std::uint16_t udp_size,
                                dns::MutableBytes out) noexcept {
  dns::Reader reader(start);
  const std::uint16_t id = reader.U16();
  const std::uint16_t flags = reader.U16();
  const std::uint16_t questions = reader.U16();
  reader.Skip(4);
  const std::uint16_t additional = reader.U16();
  if (!reader.ok() || (flags & (kResponse | kOpcode)) != 0 || questions != 1) return 0;
  const std::optional<dns::Bytes> question = ReadQuestion(start);
  if (!question) return 0;

  dns::Writer writer(out);
  writer.U16(id);
  writer.U16(kResponse | kTruncated | (flags & (kRecursionDesired | kCheckingDisabled)));
  writer.U16(1);
  writer.U32(0);
  writer.U16(additional != 0 ? 1 : 0);
  writer.Run(*question);
  if (additional != 0) {
    writer.U8(0);
    writer.U16(41);  // OPT
    writer.U16(udp_size);
    writer.U32(0);
    writer.U16(0);
  }
  return writer.ok() ? writer.size() : 0;
}

}  // namespace sealwire::dpdk
