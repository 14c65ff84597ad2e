#include "net/prefix.h"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace sealwire::net {
namespace {

IpAddress Cleared(const IpAddress& address, unsigned length) noexcept {
  std::array<std::uint8_t, 16> octets{};
  const dns::Bytes given = address.octets();
  for (std::size_t i = 0; i < given.size(); ++i) {
    const unsigned kept = length <= i * 8 ? 0 : std::min<unsigned>(8, length - unsigned(i) * 8);
    octets[i] = static_cast<std::uint8_t>(given[i] & ~(0xffu >> kept));
  }
  if (address.IsV6()) return IpAddress::V6(octets);
  return IpAddress::V4({octets[0], octets[1], octets[2], octets[3]});
}

}  // namespace

Prefix::Prefix(const IpAddress& address, unsigned length) noexcept
    : length_(
          static_cast<std::uint8_t>(std::min<std::size_t>(length, address.octets().size() * 8))) {
  address_ = Cleared(address, length_);
}

Result<Prefix> Prefix::FromText(std::string_view text) {
  const auto slash = text.find('/');
  auto address = IpAddress::FromText(text.substr(0, slash));
  if (!address.ok()) return Error{address.error()};
  const auto most = static_cast<unsigned>(address->octets().size() * 8);
  unsigned length = most;
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
    if (error != std::errc() || end != digits.data() + digits.size() || length > most) {
      return Error{"'" + std::string(text) + "' is no prefix: write ADDRESS/LENGTH, at most /" +
                   std::to_string(most)};
    }
  }
  const Prefix prefix(*address, length);
  if (prefix.address() != *address) {
    return Error{"'" + std::string(text) + "' has bits set behind its length: is " +
                 prefix.ToText() + " meant?"};
  }
  return prefix;
}

bool Prefix::Contains(const IpAddress& address) const noexcept {
  const dns::Bytes mine = address_.octets();
  const dns::Bytes other = address.octets();
  if (mine.size() != other.size()) return false;
  const std::size_t whole = length_ / 8;
  if (std::memcmp(mine.data(), other.data(), whole) != 0) return false;
  const unsigned rest = length_ % 8;
  return rest == 0 || ((mine[whole] ^ other[whole]) >> (8 - rest)) == 0;
}

std::string Prefix::ToText() const {
  return address_.ToText() + "/" + std::to_string(length_);
}

}  // namespace sealwire::net
