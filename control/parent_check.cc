#include "control/parent_check.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <optional>

#include "dns/message_view.h"
#include "signer/rrsig.h"

namespace sealwire::control {
namespace {

constexpr std::int64_t kDiscoveryLifetime = 3600;
constexpr std::size_t kMaxDiscovered = 10000;
constexpr std::size_t kMaxNameServers = 32;
constexpr std::size_t kMaxAddresses = 4;  // of one name server

// What one server said about the DS.
struct DsAnswer {
  bool authoritative = false;
  bool any = false;       // has a DS
  bool ours = false;      // has one of ours
  std::vector<bool> has;  // of each of our keys
  std::uint32_t ttl = 0;
};

// RDATA of the records in the answer section with this owner and type.
template <class Visit>
void ForEachAnswer(const dns::MessageView& view, dns::NameView owner, dns::RRType type,
                   Visit visit) {
  view.ForEachRecord([&](const dns::RecordView& record) {
    if (record.section == dns::Section::kAnswer && record.type == type && record.owner == owner) {
      std::array<std::uint8_t, 512> rdata;
      dns::Writer out(rdata);
      if (view.CopyRdata(record, out)) visit(out.written(), record.ttl);
    }
    return true;
  });
}

using Keys = std::vector<std::vector<std::uint8_t>>;

std::optional<DsAnswer> AskForDs(DnsAsker& asker, const net::Endpoint& server,
                                 const dns::Name& apex, const Keys& ksks, bool recursion) {
  const auto message = asker.Ask(server, apex, dns::RRType::kDS, recursion);
  dns::MessageView view;
  if (!message.ok() || view.Parse(*message) != dns::ParseError::kNone) return std::nullopt;
  if (view.rcode() != dns::Rcode::kNoError && view.rcode() != dns::Rcode::kNXDomain)
    return std::nullopt;
  DsAnswer answer;
  answer.has.resize(ksks.size());
  answer.authoritative = view.header().aa;
  ForEachAnswer(view, apex, dns::RRType::kDS, [&](dns::Bytes rdata, std::uint32_t ttl) {
    answer.any = true;
    for (std::size_t i = 0; i < ksks.size(); ++i) {
      if (DsMatches(rdata, apex, {ksks[i]})) answer.ours = answer.has[i] = true;
    }
    answer.ttl = std::max(answer.ttl, ttl);
  });
  return answer;
}

// The first of a server's addresses that can tell.
std::optional<DsAnswer> AskServer(DnsAsker& asker, const std::vector<net::Endpoint>& addresses,
                                  const dns::Name& apex, const Keys& ksks) {
  for (const net::Endpoint& address : addresses) {
    const auto answer = AskForDs(asker, address, apex, ksks, false);
    if (answer && (answer->authoritative || answer->any)) return answer;
  }
  return std::nullopt;
}

ParentState StateOf(const ParentObservation& seen, std::uint32_t with_ours) {
  if (seen.with_ds == 0) {
    return seen.answered == seen.servers ? ParentState::kMissing : ParentState::kUnreachable;
  }
  if (with_ours == seen.servers) return ParentState::kPublished;
  // Whoever answered has it; silence of the others is no sign that it was taken away.
  if (with_ours == seen.answered) return ParentState::kUnreachable;
  return with_ours == 0 ? ParentState::kMismatch : ParentState::kPartial;
}

}  // namespace

bool DsMatches(dns::Bytes ds_rdata, dns::NameView apex, const Keys& ksks) {
  dns::Reader reader(ds_rdata);
  const std::uint16_t key_tag = reader.U16();
  const std::uint8_t algorithm = reader.U8();
  const std::uint8_t digest_type = reader.U8();
  const EVP_MD* hash = digest_type == 2 ? EVP_sha256() : digest_type == 4 ? EVP_sha384() : nullptr;
  if (!reader.ok() || hash == nullptr) return false;
  const dns::Bytes digest = reader.Run(reader.remaining());
  const dns::Name owner = dns::Name(apex).Lowered();
  for (const auto& ksk : ksks) {
    if (signer::KeyTag(ksk) != key_tag || dns::Reader(ksk, 3).U8() != algorithm) continue;
    std::vector<std::uint8_t> input(owner.wire().begin(), owner.wire().end());
    input.insert(input.end(), ksk.begin(), ksk.end());
    std::array<std::uint8_t, EVP_MAX_MD_SIZE> own;
    unsigned size = 0;
    if (EVP_Digest(input.data(), input.size(), own.data(), &size, hash, nullptr) == 1 &&
        dns::Equal(digest, {own.data(), size})) {
      return true;
    }
  }
  return false;
}

ParentCheck::ParentCheck(ParentConfig config, DnsAsker& asker)
    : config_(std::move(config)), asker_(asker) {}

ParentObservation ParentCheck::Look(const dns::Name& apex, const Keys& ksks, std::int64_t now) {
  const std::vector<Server> servers = ServersOfParent(apex, now);
  ParentObservation seen;
  seen.checked_at = now;
  seen.servers = static_cast<std::uint32_t>(servers.size());
  std::uint32_t with_ours = 0;
  for (const auto& ksk : ksks) seen.ours.push_back({signer::KeyTag(ksk), 0});
  const auto count = [&](const DsAnswer& answer) {
    ++seen.answered;
    seen.with_ds += answer.any;
    with_ours += answer.ours;
    for (std::size_t i = 0; i < ksks.size(); ++i) seen.ours[i].servers += answer.has[i];
    seen.ds_ttl = std::max(seen.ds_ttl, answer.ttl);
  };
  for (const Server& server : servers) {
    if (const auto answer = AskServer(asker_, server, apex, ksks)) count(*answer);
  }
  if (seen.answered == 0 && config_.resolver) {
    if (const auto answer = AskForDs(asker_, *config_.resolver, apex, ksks, true)) {
      seen.servers = 1;
      count(*answer);
      seen.hold = config_.assumed_ds_ttl;
      seen.detail = "only the resolver could be asked, no server of the parent itself";
    }
  }
  seen.state = seen.servers == 0 ? ParentState::kUnreachable : StateOf(seen, with_ours);
  if (seen.answered < seen.servers) {
    seen.detail = std::to_string(seen.servers - seen.answered) + " of " +
                  std::to_string(seen.servers) + " servers of the parent did not answer";
  } else if (seen.servers == 0) {
    seen.detail = "the resolver " + config_.resolver.value_or(net::Endpoint{}).ToText() +
                  " does not name the servers of the parent";
  }
  return seen;
}

std::vector<ParentCheck::Server> ParentCheck::ServersOfParent(const dns::Name& apex,
                                                              std::int64_t now) {
  if (!config_.resolver) {
    std::vector<Server> servers;
    for (const net::Endpoint& server : config_.servers) servers.push_back({server});
    return servers;
  }
  const std::string key = KeyOf(apex.view().Parent());
  {
    const std::lock_guard lock(mutex_);
    const auto found = discovered_.find(key);
    if (found != discovered_.end() && found->second.until > now) return found->second.servers;
  }
  std::vector<Server> servers = Discover(apex);
  const std::lock_guard lock(mutex_);
  if (discovered_.size() >= kMaxDiscovered) discovered_.clear();
  if (!servers.empty()) discovered_[key] = {now + kDiscoveryLifetime, servers};
  return servers;
}

// Walks from the name above the zone towards the root until a name has NS records of its own.
std::vector<ParentCheck::Server> ParentCheck::Discover(const dns::Name& apex) {
  for (dns::Name above = apex.view().Parent();; above = above.view().Parent()) {
    const auto message = asker_.Ask(*config_.resolver, above, dns::RRType::kNS, true);
    dns::MessageView view;
    if (!message.ok() || view.Parse(*message) != dns::ParseError::kNone) return {};
    std::vector<Server> servers;
    ForEachAnswer(view, above, dns::RRType::kNS, [&](dns::Bytes rdata, std::uint32_t) {
      const auto name = dns::NameView::Parse(rdata);
      if (name && servers.size() < kMaxNameServers) servers.push_back(AddressesOf(*name));
    });
    if (!servers.empty()) return servers;
    if (above.view().IsRoot()) return {};
  }
}

ParentCheck::Server ParentCheck::AddressesOf(const dns::Name& name_server) {
  Server addresses;
  for (const dns::RRType type : {dns::RRType::kA, dns::RRType::kAAAA}) {
    const auto message = asker_.Ask(*config_.resolver, name_server, type, true);
    dns::MessageView view;
    if (!message.ok() || view.Parse(*message) != dns::ParseError::kNone) continue;
    ForEachAnswer(view, name_server, type, [&](dns::Bytes rdata, std::uint32_t) {
      if (addresses.size() >= kMaxAddresses) return;
      if (type == dns::RRType::kA && rdata.size() == 4) {
        std::array<std::uint8_t, 4> octets;
        std::copy(rdata.begin(), rdata.end(), octets.begin());
        addresses.push_back({net::IpAddress::V4(octets), 53});
      } else if (type == dns::RRType::kAAAA && rdata.size() == 16) {
        std::array<std::uint8_t, 16> octets;
        std::copy(rdata.begin(), rdata.end(), octets.begin());
        addresses.push_back({net::IpAddress::V6(octets), 53});
      }
    });
  }
  return addresses;
}

}  // namespace sealwire::control
