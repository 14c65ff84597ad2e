#include "control/zone_doctor.h"

#include <fmt/format.h>
#include <openssl/rand.h>
#include <sys/timex.h>

#include <algorithm>
#include <optional>

#include "control/duration.h"
#include "dns/message_view.h"
#include "keycache/dnskey.h"

namespace sealwire::control {
namespace {

using State = Finding::State;

constexpr std::int64_t kSoon = 3600;           // of an RRSIG: it should have been made anew
constexpr std::int64_t kKeysSoon = 3 * 86400;  // of the key RRsets, which need the HSM
constexpr const char* kSaySync = "set the clock by NTP on every node: signatures carry the time";

// What of an answer matters here.
struct Seen {
  bool parsed = false;
  dns::Header header;
  dns::Rcode rcode = dns::Rcode::kServFail;
  std::set<std::string> dnskeys;
  bool has_type = false;  // the type asked for is in the answer section
  bool has_nsec = false;
  bool has_rrsig = false;
  std::int64_t inception = 0, expiration = INT64_MAX;  // the latest, the earliest
};

// RFC 4034 section 3.1.5: times are counted modulo 2^32, and are near to now.
std::int64_t Near(std::uint32_t time, std::int64_t now) {
  return now + static_cast<std::int32_t>(time - static_cast<std::uint32_t>(now));
}

void ReadRrsig(dns::Bytes rdata, std::int64_t now, Seen& seen) {
  dns::Reader reader(rdata);
  reader.Skip(8);
  const std::int64_t expiration = Near(reader.U32(), now);
  const std::int64_t inception = Near(reader.U32(), now);
  if (!reader.ok()) return;
  seen.has_rrsig = true;
  seen.inception = std::max(seen.inception, inception);
  seen.expiration = std::min(seen.expiration, expiration);
}

Seen Read(dns::Bytes message, dns::RRType type, std::int64_t now) {
  Seen seen;
  dns::MessageView view;
  if (view.Parse(message) != dns::ParseError::kNone) return seen;
  seen.parsed = true;
  seen.header = view.header();
  seen.rcode = view.rcode();
  view.ForEachRecord([&](const dns::RecordView& record) {
    const dns::Bytes rdata = message.subspan(record.rdata_offset, record.rdata_size);
    seen.has_type =
        seen.has_type || (record.section == dns::Section::kAnswer && record.type == type);
    seen.has_nsec = seen.has_nsec || record.type == dns::RRType::kNSEC;
    if (record.type == dns::RRType::kDNSKEY) seen.dnskeys.insert(keycache::DnskeyText(rdata));
    if (record.type == dns::RRType::kRRSIG) ReadRrsig(rdata, now, seen);
    return true;
  });
  return seen;
}

std::string RandomLabel() {
  std::array<unsigned char, 6> random{};
  RAND_bytes(random.data(), random.size());
  std::string label = "doctor-";
  for (const unsigned char octet : random) label += fmt::format("{:02x}", octet);
  return label;
}

class EdgeExam {
 public:
  EdgeExam(DnsAsker& asker, const net::Endpoint& edge, const ZoneExpectation& expected)
      : asker_(asker), edge_(edge), expected_(expected) {}

  std::vector<Finding> Run() {
    if (const auto soa = Ask("SOA", expected_.apex, dns::RRType::kSOA)) {
      JudgeSoa(*soa);
      JudgeTimes("SOA", *soa, kSoon);
      JudgeKeys();
      JudgeRandomName();
    }
    return std::move(findings_);
  }

 private:
  void Add(State state, const std::string& what, std::string text, std::string advice = "") {
    findings_.push_back(
        {state, fmt::format("{} at {}", what, edge_.ToText()), std::move(text), std::move(advice)});
  }

  std::optional<Seen> Ask(const char* what, const dns::Name& name, dns::RRType type) {
    const auto answer = asker_.Ask(edge_, name, type, false);
    if (!answer.ok()) {
      Add(State::kFault, what, answer.error(),
          "look whether sealwired runs there, and whether port 53 is let through");
      return std::nullopt;
    }
    return Read(*answer, type, expected_.now);
  }

  void JudgeSoa(const Seen& soa) {
    if (soa.rcode != dns::Rcode::kNoError || !soa.has_type || !soa.header.aa) {
      return Add(State::kFault, "SOA",
                 fmt::format("answered {}{}", dns::ToText(soa.rcode),
                             soa.header.aa ? "" : ", without authority"),
                 "look at the zone's backend: sealctl zone show, sealctl backend list");
    }
    if (soa.has_rrsig != expected_.is_signed) {
      return Add(
          State::kFault, "SOA",
          soa.has_rrsig ? "signed, although DNSSEC is off" : "not signed, although it should be",
          "see whether this node has taken the last change: sealctl node list");
    }
    Add(State::kGood, "SOA", expected_.is_signed ? "answered and signed" : "answered");
  }

  void JudgeTimes(const char* what, const Seen& seen, std::int64_t soon) {
    if (!seen.has_rrsig) return;
    const std::int64_t left = seen.expiration - expected_.now;
    if (seen.inception > expected_.now) {
      Add(State::kFault, what, "its signature is not valid yet: one of two clocks is wrong",
          kSaySync);
    } else if (left <= 0) {
      Add(State::kFault, what, "its signature has expired",
          "validators refuse the zone: look at the log for keys-failed, and at the clock");
    } else if (left < soon) {
      Add(State::kWarning, what,
          fmt::format("its signature expires in {}",
                      FormatDuration(static_cast<std::uint32_t>(left))),
          "it should have been made anew: look at the HSM (sealctl node list) and the log");
    }
  }

  void JudgeKeys() {
    const auto keys = Ask("DNSKEY", expected_.apex, dns::RRType::kDNSKEY);
    if (!keys || !expected_.is_signed) return;
    if (keys->dnskeys != expected_.dnskeys) {
      return Add(State::kFault, "DNSKEY", "other keys are served than the node says it has",
                 "another server or an older node answers at this address");
    }
    JudgeTimes("DNSKEY", *keys, kKeysSoon);
    const auto left = static_cast<std::uint32_t>(std::max<std::int64_t>(
        0, std::min<std::int64_t>(keys->expiration - expected_.now, UINT32_MAX)));
    Add(State::kGood, "DNSKEY",
        fmt::format("{} keys, signed for {} more", keys->dnskeys.size(), FormatDuration(left)));
  }

  // RFC 9824: a name that does not exist is NOERROR with one NSEC for those who ask for DNSSEC.
  void JudgeRandomName() {
    auto name = dns::Name::FromText(RandomLabel() + "." + expected_.apex.ToText());
    if (!name.ok()) return Add(State::kSkipped, "random name", "the zone's name is too long");
    const auto seen = Ask("random name", *name, dns::RRType::kA);
    if (!seen) return;
    if (seen->rcode != dns::Rcode::kNoError && seen->rcode != dns::Rcode::kNXDomain) {
      return Add(State::kFault, "random name", fmt::format("answered {}", dns::ToText(seen->rcode)),
                 "look at the zone's backend: sealctl backend list");
    }
    if (seen->has_type) return Add(State::kGood, "random name", "a wildcard answers");
    if (expected_.is_signed && (!seen->has_nsec || !seen->has_rrsig)) {
      return Add(State::kFault, "random name", "denied without a signed NSEC",
                 "validators refuse this: look for sealwire_signing_failures_total");
    }
    Add(State::kGood, "random name", expected_.is_signed ? "denied, with a signed NSEC" : "denied");
  }

  DnsAsker& asker_;
  const net::Endpoint edge_;
  const ZoneExpectation& expected_;
  std::vector<Finding> findings_;
};

}  // namespace

std::string_view ToText(Finding::State state) noexcept {
  switch (state) {
    case State::kGood:
      return "good";
    case State::kSkipped:
      return "skipped";
    case State::kWarning:
      return "warning";
    case State::kFault:
      return "fault";
  }
  return "";
}

std::vector<Finding> ExamineEdge(DnsAsker& asker, const net::Endpoint& edge,
                                 const ZoneExpectation& expected) {
  return EdgeExam(asker, edge, expected).Run();
}

Finding ExamineClock() {
  timex state = {};
  const int code = ::adjtimex(&state);
  if (code < 0) return {State::kSkipped, "clock", "the kernel does not tell", ""};
  if (code == TIME_ERROR || (state.status & STA_UNSYNC) != 0) {
    return {State::kWarning, "clock", "the kernel says that nothing keeps this clock right",
            kSaySync};
  }
  return {State::kGood, "clock", fmt::format("kept right, within {} ms", state.esterror / 1000),
          ""};
}

}  // namespace sealwire::control
