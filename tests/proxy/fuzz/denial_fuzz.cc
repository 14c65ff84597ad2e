// A zone, zones of ours below it, a way of denial and questions, all of the fuzzer's making: no
// NSEC or NSEC3 in an answer denies what is there.
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "dns/message_writer.h"
#include "proxy/pipeline.h"
#include "tests/proxy/denied.h"
#include "tests/proxy/random_zone.h"

using namespace sealwire;         // NOLINT(google-build-using-namespace)
using namespace sealwire::proxy;  // NOLINT(google-build-using-namespace)

namespace {

class QuickSigner final : public signer::DigestSigner {
 public:
  bool Sign(const signer::SigningKey&, const signer::Digest& digest,
            signer::Signature& out) noexcept override {
    std::copy(digest.begin(), digest.end(), out.begin());
    return true;
  }
};

// Numbers below a bound from the fuzzer's octets; 0 when they are used up.
class Choices {
 public:
  explicit Choices(dns::Bytes octets) : octets_(octets) {}
  int operator()(std::size_t below) {
    if (at_ == octets_.size()) return 0;
    return static_cast<int>(octets_[at_++] % below);
  }
  bool used_up() const { return at_ == octets_.size(); }

 private:
  dns::Bytes octets_;
  std::size_t at_ = 0;
};

constexpr dns::RRType kTypes[] = {dns::RRType::kA,     dns::RRType::kTXT,  dns::RRType::kNS,
                                  dns::RRType::kDS,    dns::RRType::kSOA,  dns::RRType::kCNAME,
                                  dns::RRType::kDNAME, dns::RRType::kNSEC, dns::RRType::kRRSIG};

std::vector<std::uint8_t> QueryFor(dns::NameView name, dns::RRType type) {
  std::vector<std::uint8_t> query(600);
  dns::EdnsReply edns{1232, true, false, {}};
  dns::MessageWriter writer(query, &edns);
  writer.StartQuery(1, false);
  writer.AddQuestion(name, type, dns::RRClass::kIN);
  query.resize(writer.Finish(dns::Rcode::kNoError));
  return query;
}

PipelineOptions SmallOptions() {
  PipelineOptions options;
  options.answer_cache_bytes = 1 << 16;
  options.signature_memo_entries = 1 << 6;
  options.max_waiting = 4;
  options.hash_seed = 1;
  return options;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static QuickSigner signer;
  static Pipeline pipeline(SmallOptions(), signer, nullptr, nullptr);
  static std::uint64_t last_id = 0;
  static std::vector<std::uint8_t> out(65535);
  Choices choices(dns::Bytes(data, size));
  const auto draw = [&](std::size_t below) { return choices(below); };

  auto keys = std::make_shared<keycache::ZoneKeys>();
  auto zone = std::make_shared<Zone>();
  zone->apex = *dns::Name::FromText("z");
  zone->id = ++last_id;
  zone->policy.denial = static_cast<DenialMode>(draw(3));
  keys->apex = zone->apex;
  keys->dnskey = dns::RRset(zone->apex, dns::RRType::kDNSKEY, 60);
  keys->dnskey.Add(std::vector<std::uint8_t>(68, 1));
  keys->zsk.id = last_id;
  zone->keys = keys;
  proxy::testing::RandomZone random(zone->apex, draw);
  zone->local = random.Grow(draw(10));
  auto there = proxy::testing::AllOf(*zone->local);
  auto table = ZoneTable::With(ZoneTable(), {zone});
  for (int below = draw(3); below > 0; --below) {
    auto child = std::make_shared<Zone>(*zone);
    child->apex = random.NameBelow(3);
    child->id = ++last_id;
    child->keys = nullptr;
    child->local = proxy::testing::RandomZone(child->apex, draw).Grow(0);
    if (!child->local) continue;  // no zone begins at a wildcard
    proxy::testing::AddZoneBelow(there, child->apex, zone->apex);
    table = ZoneTable::With(*table, {child});
  }
  pipeline.UseZones(table);
  pipeline.SetTime(1'790'000'000'000);

  for (int question = 0; question < 16 && !choices.used_up(); ++question) {
    const dns::Name name = draw(2) == 0 ? there[static_cast<std::size_t>(draw(there.size()))].name
                                        : random.NameBelow(5);
    const auto query = QueryFor(name, kTypes[draw(std::size(kTypes))]);
    const Outcome outcome = pipeline.Handle(query, Asker{Transport::kTcp, {}}, out);
    if (outcome.verdict != Verdict::kAnswer) std::abort();
    const std::string denied =
        proxy::testing::DenialReader::Denies(dns::Bytes(out).first(outcome.size), there);
    if (denied.empty()) continue;
    std::fprintf(stderr, "%s, asked for %s\n", denied.c_str(), name.ToText().c_str());
    std::abort();
  }
  return 0;
}
