#include "proxy/audience.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>

#include "proxy/name_hash.h"
#include "signer/ecdsa.h"

namespace sealwire::proxy {
namespace {

// A network that is likely one asker: hosts change addresses within a /64, customers get a /56.
std::uint64_t AskerHash(const net::IpAddress& address, std::uint64_t seed) noexcept {
  const dns::Bytes octets = address.octets();
  std::uint64_t word = 0;
  std::memcpy(&word, octets.data(), address.IsV6() ? 7 : 4);
  const std::uint64_t mixed = FoldedProduct(word ^ seed, 0x9e3779b97f4a7c15u ^ octets.size());
  return FoldedProduct(mixed ^ 0xe7037ed1a0b428dbu, 0xa0761d6478bd642fu);
}

struct Signals {
  bool key_tags = false;
  bool understood = false;
  bool p256 = false;
};

Signals ReadOptions(dns::Bytes options) noexcept {
  Signals seen;
  dns::Reader reader(options);
  while (reader.remaining() > 0) {
    const auto code = static_cast<dns::EdnsOption>(reader.U16());
    const dns::Bytes data = reader.Run(reader.U16());
    if (!reader.ok()) break;
    switch (code) {
      case dns::EdnsOption::kAlgorithms:
        seen.p256 = std::find(data.begin(), data.end(), signer::kAlgorithmP256) != data.end();
        [[fallthrough]];
      case dns::EdnsOption::kDsHashes:
      case dns::EdnsOption::kNsec3Hashes:
        seen.understood = true;
        break;
      case dns::EdnsOption::kKeyTag:
        seen.key_tags = true;
        break;
      default:
        break;
    }
  }
  return seen;
}

// RFC 8145 section 5.1: `_ta-` and key tags in hexadecimal, asked for as NULL.
bool IsKeyTagQuery(const Query& query) noexcept {
  if (query.type != dns::RRType::kNULL) return false;
  constexpr std::size_t kShortest = 8;
  const dns::Bytes name = query.name.wire();
  return name[0] >= kShortest && name[1] == '_' && (name[2] | 0x20) == 't' &&
         (name[3] | 0x20) == 'a' && name[4] == '-';
}

}  // namespace

AudienceBook::AudienceBook(std::size_t zones) {
  if (zones == 0) return;
  void* const memory = ::mmap(nullptr, zones * sizeof(AudiencePage), PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  // Octets of zero are counters of zero, and a page nobody counts on is never touched.
  if (memory != MAP_FAILED) pages_ = {static_cast<AudiencePage*>(memory), zones};
}

AudienceBook::~AudienceBook() {
  if (!pages_.empty()) ::munmap(pages_.data(), pages_.size_bytes());
}

void AudienceBook::CountOn(AudienceKey zone, const Query& query, const net::IpAddress& asker,
                           std::uint64_t seed) noexcept {
  AudiencePage& page = pages_[zone.place];
  if (page.holder.value() != zone.holder) {
    for (Counter& counter : page.heard) counter.Set(0);
    page.askers.Clear();
    page.validating.Clear();
    page.holder.Set(zone.holder);
  }
  const auto hear = [&page](Heard what) { page.heard[static_cast<std::size_t>(what)].Add(); };
  hear(Heard::kQueries);
  if (query.dnssec_ok()) hear(Heard::kDnssecOk);
  if (query.header.cd) hear(Heard::kCheckingDisabled);
  Signals signals;
  if (query.edns && !query.edns->options.empty()) signals = ReadOptions(query.edns->options);
  signals.key_tags |= IsKeyTagQuery(query);
  const bool for_keys = query.type == dns::RRType::kDNSKEY;
  if (for_keys) hear(Heard::kDnskey);
  if (signals.key_tags) hear(Heard::kTrustAnchors);
  if (signals.understood) hear(Heard::kUnderstood);
  if (signals.p256) hear(Heard::kUnderstoodP256);
  const std::uint64_t hash = AskerHash(asker, seed);
  page.askers.Add(hash);
  if (for_keys || signals.key_tags || signals.understood) page.validating.Add(hash);
}

void AudienceBook::AddTo(AudienceTotals& totals, AudienceKey zone) const noexcept {
  if (zone.holder == 0 || zone.place >= pages_.size()) return;
  const AudiencePage& page = pages_[zone.place];
  if (page.holder.value() != zone.holder) return;
  for (std::size_t i = 0; i < kHeard; ++i) totals.heard[i] += page.heard[i].value();
  totals.askers.Add(page.askers);
  totals.validating.Add(page.validating);
}

}  // namespace sealwire::proxy
