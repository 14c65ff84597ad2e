#include "control/outbound_work.h"

#include <fcntl.h>
#include <openssl/rand.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <fstream>

#include "control/lifecycle.h"
#include "control/log.h"
#include "dns/serial.h"
#include "net/file_descriptor.h"
#include "proxy/local_zone_builder.h"
#include "proxy/notify_sender.h"
#include "signer/openssl_signer.h"

namespace sealwire::control {
namespace {

constexpr std::int64_t kRetry = 10;
constexpr std::size_t kMostMemo = std::size_t{1} << 23;

// Up to an eighth earlier than `span`.
std::int64_t Spread(std::int64_t span) {
  std::uint32_t random = 0;
  RAND_bytes(reinterpret_cast<unsigned char*>(&random), sizeof random);
  return span - static_cast<std::int64_t>(random % static_cast<std::uint64_t>(span / 8 + 1));
}

std::optional<std::uint32_t> ReadSerial(const std::string& path) {
  std::ifstream file(path);
  std::uint32_t serial = 0;
  if (!(file >> serial)) return std::nullopt;
  return serial;
}

// Durable before it returns true.
bool WriteSerial(const std::string& path, std::uint32_t serial) {
  const std::string beside = path + ".new";
  const std::string text = std::to_string(serial) + "\n";
  const net::FileDescriptor file(
      ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  return file.open() &&
         ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
         ::fsync(file.get()) == 0 && ::rename(beside.c_str(), path.c_str()) == 0;
}

// The zone with another serial in its SOA.
Result<std::shared_ptr<const proxy::LocalZone>> WithSerial(
    const std::shared_ptr<const proxy::LocalZone>& zone, std::uint32_t serial) {
  if (zone->serial() == serial) return zone;
  proxy::LocalZoneBuilder builder(zone->apex().owner());
  Status status;
  zone->ForEachNode([&](const proxy::LocalZone::Node& node) {
    node.ForEachRRset([&](const dns::RRsetView& rrset) {
      rrset.ForEach([&](dns::Bytes rdata) {
        if (!status.ok()) return;
        std::vector<std::uint8_t> copy;
        if (rrset.type == dns::RRType::kSOA) {
          copy.assign(rdata.begin(), rdata.end());
          dns::Writer out(dns::MutableBytes(copy).last(20));
          out.U32(serial);
          rdata = copy;
        }
        status = builder.Add(rrset.owner, rrset.type, rrset.ttl, rdata);
      });
    });
  });
  if (!status.ok()) return Error{status.error()};
  return builder.Build();
}

}  // namespace

struct OutboundWork::Signing {
  explicit Signing(std::size_t entries) : memo(entries), rrsets(signer, memo) {}
  signer::OpensslSigner signer;
  signer::SignatureMemo memo;
  signer::RRsetSigner rrsets;
};

// What a job brings back.
struct OutboundWork::Made {
  std::shared_ptr<const proxy::LocalZone> seen;  // as it was served when the job began
  std::shared_ptr<const proxy::LocalZone> source;
  std::shared_ptr<const proxy::LocalZone> published;
  std::shared_ptr<const keycache::ZoneKeys> keys;
  std::shared_ptr<const proxy::SignedCopy> last;  // what was offered before; may be null
  std::shared_ptr<const proxy::SignedCopy> copy;  // null: `problem`
  std::shared_ptr<const proxy::CopyJournal> journal;
  std::shared_ptr<Signing> signing;
  std::uint32_t validity = 0;
  std::string problem;
};

OutboundWork::OutboundWork(Parts parts) : parts_(std::move(parts)) {}

std::string OutboundWork::SerialPath(std::uint64_t id) const {
  return parts_.folder + "/" + std::to_string(id) + ".serial";
}

bool OutboundWork::NeedsCopy(const Zone& zone, const ZoneEntry& entry) const {
  const std::int64_t now = parts_.now();
  if (zone.runs || now < zone.retry_at) return false;
  const bool is_signed = IsSigned(*entry.record);
  if (is_signed && !entry.keys) return false;
  const auto keys = is_signed ? entry.keys : nullptr;
  return entry.content.local != zone.published || keys != zone.keys ||
         (is_signed && now >= zone.renew_at);
}

void OutboundWork::Tick() {
  for (auto at = zones_.begin(); at != zones_.end();) {
    const std::string& name = at->first;
    Zone& zone = at->second;
    ZoneEntry* entry = parts_.registry.Find(name);
    const bool wanted = entry != nullptr && !entry->record->backend.secondaries.empty();
    if (!wanted || (zone.id != 0 && zone.id != entry->record->id)) {
      Withdraw(name, zone);
      if (wanted) {
        zone = {};
      } else {
        at = zones_.erase(at);
      }
      continue;
    }
    ++at;
    if (zone.id == 0) {
      zone.id = entry->record->id;
      zone.serial = ReadSerial(SerialPath(zone.id));
      zone.secondaries = entry->record->backend.secondaries;
    }
    if (zone.secondaries != entry->record->backend.secondaries) {
      zone.secondaries = entry->record->backend.secondaries;
      zone.published.reset();
    }
    if (!entry->content.local) {
      // Expired: nobody is to spread it further.
      if (zone.published) Withdraw(name, zone);
    } else if (NeedsCopy(zone, *entry)) {
      Start(name, zone, *entry);
    }
  }
}

void OutboundWork::Withdraw(const std::string& name, Zone& zone) {
  if (const auto apex = dns::Name::FromText(name); apex.ok()) parts_.desk.Offer(*apex, {});
  if (zone.id != 0 && parts_.registry.Find(name) == nullptr) {
    ::unlink(SerialPath(zone.id).c_str());
  }
  zone.published.reset();
  zone.source.reset();
  zone.copy.reset();
  zone.journal.reset();
}

void OutboundWork::Start(const std::string& name, Zone& zone, const ZoneEntry& entry) {
  zone.runs = true;
  Made made;
  made.seen = entry.content.local;
  made.last = zone.copy;
  made.journal = zone.journal;
  made.source = made.seen == zone.published && zone.source ? zone.source : made.seen;
  if (IsSigned(*entry.record)) made.keys = entry.keys;
  const std::size_t entries = std::min(
      kMostMemo, std::bit_ceil(std::max<std::size_t>(1024, 4 * made.source->node_count())));
  made.signing = zone.signing && zone.signing->memo.capacity() >= entries / 2
                     ? zone.signing
                     : std::make_shared<Signing>(made.keys ? entries : 8);
  proxy::ZonePolicy policy;
  if (const auto found = parts_.policies.find(entry.record->policy);
      found != parts_.policies.end()) {
    policy.signature_validity = found->second.signature_validity;
  }
  made.validity = policy.signature_validity;
  std::uint32_t serial = made.source->serial();
  if (zone.serial && !dns::SerialIsAfter(serial, *zone.serial)) serial = *zone.serial + 1;
  parts_.sign_work.Run([this, name, id = zone.id, made = std::move(made), policy, serial,
                        path = SerialPath(zone.id),
                        now = parts_.now()]() mutable -> Executor::Completion {
    auto published = WithSerial(made.source, serial);
    if (!published.ok()) {
      made.problem = published.error();
    } else if (auto copy =
                   proxy::MakeSignedCopy(**published, made.keys.get(), policy, made.signing->rrsets,
                                         static_cast<std::uint64_t>(now));
               !copy.ok()) {
      made.problem = copy.error();
    } else if (!WriteSerial(path, serial)) {
      made.problem = path + ": cannot be written";
    } else {
      made.published = *std::move(published);
      made.copy = *std::move(copy);
      if (made.last) {
        made.journal = proxy::CopyJournal::Extend(made.journal.get(), *made.last, *made.copy);
      }
    }
    return
        [this, name, id, made = std::move(made)]() mutable { Finish(name, id, std::move(made)); };
  });
}

void OutboundWork::Finish(const std::string& name, std::uint64_t id, Made made) {
  const auto found = zones_.find(name);
  ZoneEntry* entry = parts_.registry.Find(name);
  if (found == zones_.end() || entry == nullptr || entry->record->id != id) return;
  Zone& zone = found->second;
  zone.runs = false;
  zone.signing = std::move(made.signing);
  const std::int64_t now = parts_.now();
  if (!made.copy) {
    zone.retry_at = now + kRetry;
    Log(LogLevel::kError, "zone-copy-failed", {{"zone", name}, {"error", made.problem}});
    return;
  }
  zone.serial = made.copy->serial;
  // What changed meanwhile makes the next copy.
  if (entry->content.local != made.seen) return;
  zone.source = std::move(made.source);
  zone.published = std::move(made.published);
  zone.keys = std::move(made.keys);
  zone.renew_at = now + Spread(std::max<std::int64_t>(made.validity / 16, 1));
  if (entry->content.local != zone.published) {
    entry->content.local = zone.published;
    parts_.registry.Touch(name);
    parts_.registry.Publish();
  }
  Log(LogLevel::kInfo, "zone-copied",
      {{"zone", name},
       {"serial", std::to_string(made.copy->serial)},
       {"records", std::to_string(made.copy->record_count)},
       {"signed", made.copy->is_signed ? "yes" : "no"}});
  zone.copy = std::move(made.copy);
  zone.journal = std::move(made.journal);
  parts_.desk.Offer(entry->record->apex(), {zone.copy, PeersOf(zone), zone.journal});
  Tell(name, zone);
}

std::shared_ptr<const proxy::ZoneTransfers> OutboundWork::PeersOf(const Zone& zone) const {
  auto peers = std::make_shared<proxy::ZoneTransfers>();
  peers->id = zone.id;
  for (const Secondary& each : zone.secondaries) {
    peers->secondaries.push_back({each.address, parts_.registry.tsig_keys().Find(each.tsig)});
  }
  return peers;
}

void OutboundWork::Tell(const std::string& name, const Zone& zone) {
  parts_.notify_work.Run([name, zone = zone.published, peers = PeersOf(zone),
                          stop = stop_]() -> Executor::Completion {
    auto silent = proxy::SendNotify(zone->apex().owner(), zone->soa(), peers->secondaries, *stop);
    return [name, silent = std::move(silent)] {
      for (const net::Endpoint& each : silent) {
        Log(LogLevel::kWarning, "notify-unanswered",
            {{"zone", name}, {"secondary", each.ToText()}});
      }
    };
  });
}

}  // namespace sealwire::control
