#include "keycache/hsm_protocol.h"

#include <algorithm>

namespace sealwire::keycache {
namespace {

constexpr std::size_t kKeyBodySize = sizeof(KeyId) + sizeof(signer::PublicKey);

std::size_t DataSize(HsmOp op) noexcept {
  switch (op) {
    case HsmOp::kSign:
      return sizeof(signer::Digest);
    case HsmOp::kDerive:
      return sizeof(signer::PublicKey);
    default:
      return 0;
  }
}

bool TakesLabel(HsmOp op) noexcept {
  return op == HsmOp::kMakeKey || op == HsmOp::kFindByLabel;
}

bool IsPrintable(dns::Bytes text) noexcept {
  return std::all_of(text.begin(), text.end(),
                     [](std::uint8_t c) { return c >= 0x20 && c < 0x7f; });
}

std::string_view TextOf(dns::Bytes octets) noexcept {
  return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

dns::Bytes OctetsOf(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace

void WriteRequest(const HsmRequest& request, dns::Writer& out) noexcept {
  out.U32(request.id);
  out.U8(static_cast<std::uint8_t>(request.op));
  out.U8(static_cast<std::uint8_t>(request.use));
  out.Run(request.key);
  out.U16(static_cast<std::uint16_t>(request.data.size()));
  out.Run(request.data);
  out.U16(static_cast<std::uint16_t>(request.label.size()));
  out.Run(OctetsOf(request.label));
}

std::optional<HsmRequest> ParseRequest(dns::Bytes frame) noexcept {
  dns::Reader in(frame);
  HsmRequest request;
  request.id = in.U32();
  const std::uint8_t op = in.U8();
  const std::uint8_t use = in.U8();
  const dns::Bytes key = in.Run(request.key.size());
  request.data = in.Run(in.U16());
  request.label = TextOf(in.Run(in.U16()));
  if (!in.ok() || in.remaining() != 0) return std::nullopt;

  if (op < static_cast<std::uint8_t>(HsmOp::kPing) ||
      op > static_cast<std::uint8_t>(HsmOp::kDestroy)) {
    return std::nullopt;
  }
  if (use > static_cast<std::uint8_t>(KeyUse::kDerive)) return std::nullopt;
  request.op = static_cast<HsmOp>(op);
  request.use = static_cast<KeyUse>(use);
  std::copy(key.begin(), key.end(), request.key.begin());
  if (request.data.size() != DataSize(request.op)) return std::nullopt;
  if (request.label.empty() == TakesLabel(request.op) || request.label.size() > kMaxLabelSize ||
      !IsPrintable(OctetsOf(request.label))) {
    return std::nullopt;
  }
  return request;
}

void WriteReply(const HsmReply& reply, dns::Writer& out) noexcept {
  out.U32(reply.id);
  out.U8(static_cast<std::uint8_t>(reply.status));
  out.U16(static_cast<std::uint16_t>(reply.body.size()));
  out.Run(reply.body);
}

std::optional<HsmReply> ParseReply(dns::Bytes frame) noexcept {
  dns::Reader in(frame);
  HsmReply reply;
  reply.id = in.U32();
  const std::uint8_t status = in.U8();
  reply.body = in.Run(in.U16());
  if (!in.ok() || in.remaining() != 0) return std::nullopt;
  if (status > static_cast<std::uint8_t>(HsmReplyStatus::kWrongPin)) return std::nullopt;
  reply.status = static_cast<HsmReplyStatus>(status);
  if (reply.status != HsmReplyStatus::kOk && reply.body.size() > kMaxReasonSize)
    return std::nullopt;
  return reply;
}

std::size_t BodySize(HsmOp op) noexcept {
  switch (op) {
    case HsmOp::kMakeKey:
    case HsmOp::kFindKey:
    case HsmOp::kFindByLabel:
      return kKeyBodySize;
    case HsmOp::kSign:
      return sizeof(signer::Signature);
    case HsmOp::kDerive:
      return 32;
    case HsmOp::kPing:
    case HsmOp::kDestroy:
      return 0;
  }
  return 0;
}

std::string_view ReasonOf(const HsmReply& reply) noexcept {
  if (reply.body.empty()) return "no reason given";
  return IsPrintable(reply.body) ? TextOf(reply.body) : "a reason that cannot be printed";
}

void WriteKey(const HsmKey& key, dns::Writer& out) noexcept {
  out.Run(key.id);
  out.Run(key.public_key);
}

std::optional<HsmKey> ParseKey(dns::Bytes body) noexcept {
  if (body.size() != kKeyBodySize) return std::nullopt;
  HsmKey key;
  std::copy_n(body.begin(), key.id.size(), key.id.begin());
  std::copy_n(body.begin() + key.id.size(), key.public_key.size(), key.public_key.begin());
  return key;
}

}  // namespace sealwire::keycache
