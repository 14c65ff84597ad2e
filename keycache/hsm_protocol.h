// What the daemon and the HSM process say to each other: one request, one reply, in frames of a
// 32-bit big-endian length and that many octets.
//
//     request  id u32 | op u8 | use u8 | key id 16 | data u16 length + octets | label u16 length +
//     octets reply    id u32 | status u8 | body u16 length + octets
//
// The HSM process speaks first, with a reply of id 0: logged in, or why not. Neither side trusts
// the other: parsing checks every length against the operation. Threading: pure functions on
// borrowed octets. RFC: none; both ends come from one build.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "dns/bytes.h"
#include "keycache/hsm_key.h"

namespace sealwire::keycache {

inline constexpr std::size_t kMaxFrameSize = 2048;  // without the length
inline constexpr std::size_t kMaxLabelSize = 1024;  // a domain name in presentation format fits
inline constexpr std::size_t kMaxReasonSize = 512;

enum class HsmOp : std::uint8_t {
  kPing = 1,
  kMakeKey = 2,      // use, key id, label   → key
  kFindKey = 3,      // key id               → key
  kFindByLabel = 4,  // use, label           → key
  kSign = 5,         // key id, digest (32)  → signature (64)
  kDerive = 6,       // key id, peer (64)    → secret (32)
  kDestroy = 7,      // key id
};

struct HsmRequest {
  std::uint32_t id = 0;
  HsmOp op = HsmOp::kPing;
  KeyUse use = KeyUse::kSign;
  KeyId key{};
  dns::Bytes data;
  std::string_view label;
};
void WriteRequest(const HsmRequest& request, dns::Writer& out) noexcept;
std::optional<HsmRequest> ParseRequest(dns::Bytes frame) noexcept;

enum class HsmReplyStatus : std::uint8_t {
  kOk = 0,
  kAbsent = 1,    // no such key
  kRefused = 2,   // the request makes no sense; body: why
  kFailed = 3,    // the module failed and the process ends; body: why
  kWrongPin = 4,  // of the first reply only; body: why
};

struct HsmReply {
  std::uint32_t id = 0;
  HsmReplyStatus status = HsmReplyStatus::kOk;
  dns::Bytes body;  // for kOk what the operation gives, else text or nothing
};
void WriteReply(const HsmReply& reply, dns::Writer& out) noexcept;
std::optional<HsmReply> ParseReply(dns::Bytes frame) noexcept;

// The size of the body that `op` answers kOk with.
std::size_t BodySize(HsmOp op) noexcept;
// The text of an error, safe to print.
std::string_view ReasonOf(const HsmReply& reply) noexcept;

void WriteKey(const HsmKey& key, dns::Writer& out) noexcept;  // id 16 | x 32 | y 32
std::optional<HsmKey> ParseKey(dns::Bytes body) noexcept;

}  // namespace sealwire::keycache
