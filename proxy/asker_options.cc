#include "proxy/asker_options.h"

#include <algorithm>
#include <cstring>

#include "dns/edns_options.h"

namespace sealwire::proxy {

using dns::EdnsOption;

AskerOptions::AskerOptions(const PipelineOptions& options)
    : nsid_(options.identity.nsid),
      keepalive_(
          static_cast<std::uint16_t>(std::min<std::uint32_t>(options.tcp_idle_ms / 100, 0xffff))),
      cookies_(options.cookies ? options.cookies
                               : std::make_shared<const CookieKeyring>(CookieSecrets::Random())) {}

bool AskerOptions::Read(const Query& query, const Asker& from, std::uint32_t now,
                        std::optional<std::uint8_t> scope) noexcept {
  size_ = 0;
  cookie_ = CookieStanding::kNone;
  if (!query.edns || query.edns->options.empty()) return true;
  dns::Writer writer(octets_);
  bool asks_nsid = false;
  bool asks_keepalive = false;
  for (dns::Reader reader(query.edns->options); reader.remaining() > 0;) {
    const auto option = static_cast<EdnsOption>(reader.U16());
    const dns::Bytes data = reader.Run(reader.U16());
    if (option == EdnsOption::kCookie && cookie_ == CookieStanding::kNone) {
      ServerCookies::Cookie reply;
      cookie_ = cookies_.Judge(data, from.client.address, now, reply);
      if (cookie_ == CookieStanding::kMalformed) return false;
      dns::WriteEdnsOption(writer, EdnsOption::kCookie, reply);
    }
    if (option == EdnsOption::kClientSubnet) {
      ClientSubnet subnet;
      std::uint8_t asked_scope = 0;
      switch (ParseClientSubnet(data, subnet, asked_scope)) {
        case SubnetParse::kMalformed:
          return false;
        case SubnetParse::kUnknownFamily:
          break;
        case SubnetParse::kGood:
          if (asked_scope != 0) return false;  // RFC 7871 section 6: 0 in queries
          // Section 7.2.1: who wants no subnet told hears of none.
          if (scope) WriteClientSubnet(subnet, subnet.prefix == 0 ? 0 : *scope, writer);
          scope.reset();  // of two options the first counts
      }
    }
    asks_nsid |= option == EdnsOption::kNsid;
    asks_keepalive |= option == EdnsOption::kTcpKeepalive;
  }
  if (asks_nsid && !nsid_.empty()) dns::WriteEdnsOption(writer, EdnsOption::kNsid, nsid_);
  // Over UDP it means nothing (RFC 7828 section 3.2.1).
  if (asks_keepalive && from.transport == Transport::kTcp) {
    const std::array<std::uint8_t, 2> timeout = {static_cast<std::uint8_t>(keepalive_ >> 8),
                                                 static_cast<std::uint8_t>(keepalive_)};
    dns::WriteEdnsOption(writer, EdnsOption::kTcpKeepalive, timeout);
  }
  size_ = writer.size();
  return true;
}

std::uint32_t AskerOptions::Append(dns::MutableBytes out, std::uint32_t size,
                                   std::size_t before) const noexcept {
  if (size_ == 0 || size < before + 2 || out.size() - size < size_) return size;
  std::memcpy(out.data() + size, octets_.data(), size_);
  dns::Writer length(out.subspan(size - before - 2));
  length.U16(static_cast<std::uint16_t>(before + size_));
  return size + static_cast<std::uint32_t>(size_);
}

}  // namespace sealwire::proxy
