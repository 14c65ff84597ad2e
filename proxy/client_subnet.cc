#include "proxy/client_subnet.h"

#include <algorithm>
#include <array>

#include "net/prefix.h"

namespace sealwire::proxy {
namespace {

constexpr std::uint16_t kFamilyV4 = 1;  // IANA address family numbers (RFC 7871 section 6)
constexpr std::uint16_t kFamilyV6 = 2;

net::IpAddress AddressOf(bool v6, dns::Bytes octets) noexcept {
  std::array<std::uint8_t, 16> whole{};
  std::copy(octets.begin(), octets.end(), whole.begin());
  if (v6) return net::IpAddress::V6(whole);
  return net::IpAddress::V4({whole[0], whole[1], whole[2], whole[3]});
}

bool SameNetwork(const ClientSubnet& a, const ClientSubnet& b) noexcept {
  return a.prefix == b.prefix && a.address.IsV6() == b.address.IsV6() &&
         net::Prefix(a.address, a.prefix) == net::Prefix(b.address, b.prefix);
}

}  // namespace

std::uint64_t ClientSubnet::Number(std::uint8_t bits) const noexcept {
  const net::Prefix network(address, bits);
  std::uint64_t number = 2u | static_cast<std::uint64_t>(address.IsV6());
  number = number << 6 | network.length();
  const dns::Bytes octets = network.address().octets();
  for (std::size_t i = 0; i < 7; ++i) number = number << 8 | (i < octets.size() ? octets[i] : 0u);
  return number;
}

SubnetParse ParseClientSubnet(dns::Bytes data, ClientSubnet& subnet, std::uint8_t& scope) noexcept {
  dns::Reader reader(data);
  const std::uint16_t family = reader.U16();
  subnet.prefix = reader.U8();
  scope = reader.U8();
  if (!reader.ok()) return SubnetParse::kMalformed;
  if (family != kFamilyV4 && family != kFamilyV6) return SubnetParse::kUnknownFamily;
  const bool v6 = family == kFamilyV6;
  const unsigned most = v6 ? 128 : 32;
  if (subnet.prefix > most || scope > most) return SubnetParse::kMalformed;
  // Neither too few octets nor too many, and no bits behind the prefix (section 6).
  if (reader.remaining() != (subnet.prefix + 7u) / 8) return SubnetParse::kMalformed;
  subnet.address = AddressOf(v6, reader.Run(reader.remaining()));
  const net::Prefix network(subnet.address, subnet.prefix);
  return network.address() == subnet.address ? SubnetParse::kGood : SubnetParse::kMalformed;
}

std::optional<ClientSubnet> SubnetIn(const Query& query) noexcept {
  if (!query.edns || query.edns->options.empty()) return std::nullopt;
  const auto data = query.edns->Find(dns::EdnsOption::kClientSubnet);
  if (!data) return std::nullopt;
  ClientSubnet subnet;
  std::uint8_t scope = 0;
  if (ParseClientSubnet(*data, subnet, scope) != SubnetParse::kGood) return ClientSubnet{};
  subnet.prefix = std::min(subnet.prefix, subnet.max_prefix());
  subnet.address = net::Prefix(subnet.address, subnet.prefix).address();
  return subnet;
}

std::optional<ClientSubnet> SubnetToTell(ClientAddress how, const Query& query,
                                         const net::IpAddress& client) noexcept {
  if (how == ClientAddress::kNone) return std::nullopt;
  if (auto said = SubnetIn(query)) return said;
  if (how != ClientAddress::kSubnet) return std::nullopt;
  ClientSubnet seen{client, 0};
  seen.prefix = seen.max_prefix();
  seen.address = net::Prefix(client, seen.prefix).address();
  return seen;
}

ReplyScope ScopeOf(dns::Bytes reply, const ClientSubnet& told) noexcept {
  dns::MessageView view;
  if (view.Parse(reply) != dns::ParseError::kNone || !view.edns()) return {};
  const auto data = view.edns()->Find(dns::EdnsOption::kClientSubnet);
  if (!data) return {};
  ClientSubnet subnet;
  std::uint8_t scope = 0;
  const bool readable = ParseClientSubnet(*data, subnet, scope) == SubnetParse::kGood;
  // Who was told nothing may say what it used instead; for whom it is then good is not said.
  if (told.prefix == 0) return {false, std::uint8_t{0}};
  if (!readable || !SameNetwork(subnet, told)) return {true, std::nullopt};
  return {false, scope};
}

void WriteClientSubnet(const ClientSubnet& subnet, std::uint8_t scope, dns::Writer& out) noexcept {
  const net::Prefix network(subnet.address, subnet.prefix);
  const std::size_t size = (network.length() + 7u) / 8;
  out.U16(static_cast<std::uint16_t>(dns::EdnsOption::kClientSubnet));
  out.U16(static_cast<std::uint16_t>(4 + size));
  out.U16(subnet.address.IsV6() ? kFamilyV6 : kFamilyV4);
  out.U8(static_cast<std::uint8_t>(network.length()));
  out.U8(scope);
  out.Run(network.address().octets().first(size));
}

}  // namespace sealwire::proxy
