#include "control/dsync.h"

#include <algorithm>
#include <array>

#include "dns/message_view.h"

namespace sealwire::control {
namespace {

constexpr std::uint8_t kSchemeNotify = 1;  // RFC 9859 section 2.2
constexpr std::size_t kMaxEndpoints = 4;
constexpr int kMaxLookups = 3;

const dns::Bytes kDsyncLabel(reinterpret_cast<const std::uint8_t*>("_dsync"), 6);

// `apex` with the label before its last `labels` ones; nothing when that is too long for a name.
std::optional<dns::Name> LookupName(const dns::Name& apex, int labels) {
  const dns::NameView parent = apex.view().Suffix(labels);
  const auto signal = dns::Name::Prepend(kDsyncLabel, parent);
  return signal ? dns::Name::Substitute(apex, parent, *signal) : std::nullopt;
}

// RDATA of the records of that type, whatever alias led to them.
template <class Visit>
void ForEachOf(const dns::MessageView& view, dns::RRType type, Visit visit) {
  view.ForEachRecord([&](const dns::RecordView& record) {
    std::array<std::uint8_t, 512> rdata;
    dns::Writer out(rdata);
    if (record.section == dns::Section::kAnswer && record.type == type &&
        view.CopyRdata(record, out)) {
      visit(out.written());
    }
    return true;
  });
}

// RRtype u16 | scheme u8 | port u16 | target (RFC 9859 section 2.1).
std::optional<DsyncTarget> TargetOf(dns::Bytes rdata) {
  dns::Reader in(rdata);
  const auto type = static_cast<dns::RRType>(in.U16());
  const std::uint8_t scheme = in.U8();
  const std::uint16_t port = in.U16();
  if (!in.ok() || type != dns::RRType::kCDS || scheme != kSchemeNotify || port == 0) {
    return std::nullopt;
  }
  const auto host = dns::NameView::Parse(rdata.subspan(in.position()));
  if (!host || host->IsRoot()) return std::nullopt;
  return DsyncTarget{*host, port};
}

// The zone that a negative answer is of: the owner of its SOA (RFC 2308 section 3).
std::optional<dns::Name> ZoneOfDenial(const dns::MessageView& view) {
  std::optional<dns::Name> zone;
  view.ForEachRecord([&](const dns::RecordView& record) {
    if (record.section == dns::Section::kAuthority && record.type == dns::RRType::kSOA) {
      zone = dns::Name(record.owner);
    }
    return true;
  });
  return zone;
}

}  // namespace

// RFC 9859 section 4.1: below the name above the zone first, then below the parent that a denial
// speaks of, then what the parent says for all.
std::optional<DsyncTarget> FindDsync(DnsAsker& asker, const net::Endpoint& server,
                                     const dns::Name& apex) {
  if (apex.view().IsRoot()) return std::nullopt;
  int labels = apex.view().LabelCount() - 1;  // of what is taken for the parent
  std::optional<dns::Name> name = LookupName(apex, labels);
  bool for_all = false;
  for (int i = 0; i < kMaxLookups && name; ++i) {
    const auto message = asker.Ask(server, *name, dns::RRType::kDSYNC, true);
    dns::MessageView view;
    if (!message.ok() || view.Parse(*message) != dns::ParseError::kNone) return std::nullopt;
    std::optional<DsyncTarget> found;
    ForEachOf(view, dns::RRType::kDSYNC, [&](dns::Bytes rdata) {
      if (!found) found = TargetOf(rdata);
    });
    if (found || for_all) return found;
    const auto zone = ZoneOfDenial(view);
    if (i == 0 && zone && apex.view().IsBelow(*zone) && zone->view().LabelCount() < labels) {
      labels = zone->view().LabelCount();
      name = LookupName(apex, labels);
    } else {
      name = dns::Name::Prepend(kDsyncLabel, apex.view().Suffix(labels));
      for_all = true;
    }
  }
  return std::nullopt;
}

std::vector<net::Endpoint> EndpointsOf(DnsAsker& asker, const net::Endpoint& server,
                                       const DsyncTarget& target) {
  std::vector<net::Endpoint> endpoints;
  for (const dns::RRType type : {dns::RRType::kA, dns::RRType::kAAAA}) {
    const auto message = asker.Ask(server, target.host, type, true);
    dns::MessageView view;
    if (!message.ok() || view.Parse(*message) != dns::ParseError::kNone) continue;
    ForEachOf(view, type, [&](dns::Bytes rdata) {
      std::array<std::uint8_t, 4> v4;
      std::array<std::uint8_t, 16> v6;
      if (endpoints.size() >= kMaxEndpoints) return;
      if (type == dns::RRType::kA && rdata.size() == v4.size()) {
        std::copy(rdata.begin(), rdata.end(), v4.begin());
        endpoints.push_back({net::IpAddress::V4(v4), target.port});
      } else if (type == dns::RRType::kAAAA && rdata.size() == v6.size()) {
        std::copy(rdata.begin(), rdata.end(), v6.begin());
        endpoints.push_back({net::IpAddress::V6(v6), target.port});
      }
    });
  }
  return endpoints;
}

}  // namespace sealwire::control
