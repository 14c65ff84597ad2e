#include "proxy/server_cookies.h"

#include <cstring>

namespace sealwire::proxy {
namespace {

constexpr std::size_t kClientCookie = 8;
constexpr std::size_t kSmallestWhole = 16;
constexpr std::size_t kLargestWhole = 40;
constexpr std::size_t kHashed = 16;  // all but the hash
constexpr std::uint8_t kVersion = 1;

// RFC 9018 section 4.4: over the client cookie, version, reserved octets, time and client address.
std::uint64_t HashOf(const SipKey& secret, const ServerCookies::Cookie& cookie,
                     const net::IpAddress& client) noexcept {
  std::array<std::uint8_t, kHashed + 16> input;
  dns::Writer writer(input);
  writer.Run(dns::Bytes(cookie).first(kHashed));
  writer.Run(client.octets());
  return SipHash24(secret, writer.written());
}

void PutHash(std::uint64_t hash, ServerCookies::Cookie& cookie) noexcept {
  for (std::size_t i = 0; i < 8; ++i) {
    cookie[kHashed + i] = static_cast<std::uint8_t>(hash >> (8 * i));
  }
}

}  // namespace

ServerCookies::ServerCookies(std::shared_ptr<const CookieKeyring> keyring)
    : keyring_(std::move(keyring)) {
  Refresh();
}

void ServerCookies::Refresh() noexcept {
  const std::uint64_t version = keyring_->version();
  if (version == version_) return;
  secrets_ = keyring_->Read();
  version_ = version;
}

std::size_t ServerCookies::MadeBy(const Cookie& cookie,
                                  const net::IpAddress& client) const noexcept {
  Cookie ours = cookie;
  for (std::size_t i = 0; i < secrets_.size(); ++i) {
    PutHash(HashOf(secrets_[i], cookie, client), ours);
    // All octets are looked at, so that the time tells nothing of where a guess went wrong.
    std::uint8_t difference = 0;
    for (std::size_t at = kHashed; at < kSize; ++at) difference |= ours[at] ^ cookie[at];
    if (difference == 0) return i;
  }
  return kNobody;
}

CookieStanding ServerCookies::Judge(dns::Bytes data, const net::IpAddress& client,
                                    std::uint32_t now, Cookie& reply) const noexcept {
  const bool whole = data.size() >= kSmallestWhole && data.size() <= kLargestWhole;
  if (data.size() != kClientCookie && !whole) return CookieStanding::kMalformed;
  CookieStanding standing = CookieStanding::kUnproven;
  if (data.size() == kSize && data[kClientCookie] == kVersion) {
    std::memcpy(reply.data(), data.data(), kSize);
    dns::Reader reader(data, kClientCookie + 4);
    const auto age = static_cast<std::int32_t>(now - reader.U32());  // serial arithmetic
    const bool in_time = age <= kMaxAge && age >= -kMaxAhead;
    const std::size_t by = in_time ? MadeBy(reply, client) : kNobody;
    if (by != kNobody) standing = CookieStanding::kProven;
    if (by == 0 && age < kRenewAfter) return standing;
  }
  std::memcpy(reply.data(), data.data(), kClientCookie);
  dns::Writer writer(dns::MutableBytes(reply).subspan(kClientCookie));
  writer.U8(kVersion);
  writer.U8(0);
  writer.U16(0);
  writer.U32(now);
  PutHash(HashOf(secrets_[0], reply, client), reply);
  return standing;
}

}  // namespace sealwire::proxy
