// Any octets as a query to zones held whole, and any octets as a backend's reply: the pipeline
// answers with a well-formed message within its limit, or with silence.
#include <array>
#include <cstdlib>
#include <memory>
#include <vector>

#include "dns/message_view.h"
#include "proxy/pipeline.h"
#include "proxy/zone_file.h"

using namespace sealwire;         // NOLINT(google-build-using-namespace)
using namespace sealwire::proxy;  // NOLINT(google-build-using-namespace)

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

class QuickSigner final : public signer::DigestSigner {
 public:
  bool Sign(const signer::SigningKey&, const signer::Digest& digest,
            signer::Signature& out) noexcept override {
    std::copy(digest.begin(), digest.end(), out.begin());
    return true;
  }
};

std::shared_ptr<Zone> SignedZone(const char* apex, std::uint64_t id) {
  auto zone = std::make_shared<Zone>();
  zone->apex = *dns::Name::FromText(apex);
  zone->id = id;
  auto keys = std::make_shared<keycache::ZoneKeys>();
  keys->apex = zone->apex;
  keys->dnskey = dns::RRset(zone->apex, dns::RRType::kDNSKEY, 60);
  keys->dnskey.Add(std::array<std::uint8_t, 68>{1, 0, 3, 13});
  keys->zsk.id = id;
  zone->keys = keys;
  return zone;
}

std::shared_ptr<const ZoneTable> Zones() {
  auto local = SignedZone("example.", 1);
  local->local = *ParseZoneText(
      "$TTL 60\n@ IN SOA ns h 1 2 3 4 5\n@ IN NS ns\nns IN A 192.0.2.1\nw IN A 192.0.2.2\n"
      "c IN CNAME w\nf IN CNAME a.cdn.\n*.s IN TXT x\nd IN DNAME e.example.\ne.e IN MX 1 ns\n"
      "k IN NS ns.k\nns.k IN A 192.0.2.3\n",
      local->apex, "fuzz");
  auto forward = SignedZone("cdn.", 2);
  auto set = std::make_shared<ForwardSet>();
  set->id = 1;
  forward->forward = set;
  return ZoneTable::With(ZoneTable(), {local, forward});
}

class Harness final : public BackendAsker, public AnswerSink {
 public:
  Harness() {
    pipeline_.UseZones(Zones());
    pipeline_.SetTime(1'790'000'000'000);
  }

  void TakeQuery(dns::Bytes query, Transport transport) {
    const Asker asker{transport, {}};
    const dns::MutableBytes out =
        dns::MutableBytes(out_).first(transport == Transport::kTcp ? 65535 : 1232);
    const Outcome outcome = pipeline_.Handle(query, asker, out);
    if (outcome.verdict == Verdict::kAnswer) Check(query, out.first(outcome.size));
    if (outcome.verdict != Verdict::kWait) return;
    query_ = query;
    asked_ = false;
    if (pipeline_.Defer(query, asker, ReplyRoute()) && asked_) pipeline_.OnBackendFailure(ticket_);
  }

  void TakeReply(dns::Bytes query, dns::Bytes reply) {
    query_ = query;
    Require(pipeline_.Defer(query, Asker(), ReplyRoute()));
    for (int rounds = 0; rounds < 12 && asked_; ++rounds) {
      asked_ = false;
      pipeline_.OnBackendReply(ticket_, reply);
    }
    Require(!asked_);
  }

  bool Ask(const ForwardSet&, const BackendQuestion&, Ticket ticket) noexcept override {
    ticket_ = ticket;
    return asked_ = true;
  }
  void Deliver(const ReplyRoute&, dns::Bytes answer) noexcept override { Check(query_, answer); }

 private:
  static void Check(dns::Bytes query, dns::Bytes answer) {
    Require(query.size() >= dns::kHeaderSize && answer.size() >= dns::kHeaderSize);
    Require(answer[0] == query[0] && answer[1] == query[1] && (answer[2] & 0x80) != 0);
    dns::MessageView view;
    const dns::ParseError error = view.Parse(answer);
    Require(error == dns::ParseError::kNone || view.header().qdcount == 0);
  }

  // Every manner on, so that every option is written.
  static PipelineOptions Options() {
    PipelineOptions options;
    options.answer_cache_bytes = 1 << 16;
    options.signature_memo_entries = 64;
    options.max_waiting = 4;
    options.hash_seed = 1;
    options.identity = {{'f', 'u', 'z', 'z'}, "version", "host", dns::Name::FromText("a.").value()};
    options.rate_limit.responses_per_second = 1000;
    return options;
  }

  QuickSigner signer_;
  Pipeline pipeline_{Options(), signer_, this, this};
  std::vector<std::uint8_t> out_ = std::vector<std::uint8_t>(65535);
  dns::Bytes query_;
  Ticket ticket_ = 0;
  bool asked_ = false;
};

// www.cdn. of `type`, with DO.
std::vector<std::uint8_t> QueryFor(std::uint8_t type) {
  return {0,   9, 1, 0,    0, 1, 0, 0, 0,  0, 0,   1, 1, 'w', 3, 'c', 'd',
          'n', 0, 0, type, 0, 1, 0, 0, 41, 4, 208, 0, 0, 128, 0, 0,   0};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Harness harness;
  if (size < 2) return 0;
  const dns::Bytes rest(data + 2, size - 2);
  if (data[0] % 2 == 0) {
    harness.TakeQuery(rest, data[1] % 2 == 0 ? Transport::kUdp : Transport::kTcp);
    return 0;
  }
  static constexpr std::array<std::uint8_t, 7> kTypes = {1, 2, 5, 6, 43, 47, 255};
  const std::uint8_t type = kTypes[data[1] % kTypes.size()];
  // Half of the replies begin as one to the question, so that the rest is looked at.
  std::vector<std::uint8_t> reply(rest.begin(), rest.end());
  const std::vector<std::uint8_t> query = QueryFor(type);
  if (data[0] % 4 == 1 && reply.size() >= dns::kHeaderSize) {
    reply[2] = static_cast<std::uint8_t>(0x80 | (reply[2] & 0x05));
    reply[4] = 0;
    reply[5] = 1;
    std::vector<std::uint8_t> question(query.begin() + 12, query.begin() + 23);
    if (type == 47 || type == 255) question[8] = 1;
    reply.insert(reply.begin() + dns::kHeaderSize, question.begin(), question.end());
  }
  harness.TakeReply(query, reply);
  return 0;
}
