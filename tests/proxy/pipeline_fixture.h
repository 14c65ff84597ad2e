// A pipeline over zones of the test's, with a backend that answers from a script.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "dns/message_writer.h"
#include "net/internet_checksum.h"
#include "proxy/counters.h"
#include "proxy/pipeline.h"
#include "tests/proxy/ldns_reply.h"
#include "tests/proxy/signed_zone.h"
#include "tests/proxy/validate.h"

namespace sealwire::proxy::testing {

// A backend's reply, written record by record.
class BackendSays {
 public:
  BackendSays& Rcode(dns::Rcode rcode) { return rcode_ = rcode, *this; }
  BackendSays& NotAuthoritative() { return authoritative_ = false, *this; }
  // In presentation format: "www.example. 300 IN A 192.0.2.1".
  BackendSays& Answer(const std::string& record) { return Add(dns::Section::kAnswer, record); }
  BackendSays& Authority(const std::string& record) {
    return Add(dns::Section::kAuthority, record);
  }
  BackendSays& Additional(const std::string& record) {
    return Add(dns::Section::kAdditional, record);
  }

  // An OPT record with this client subnet (RFC 7871).
  BackendSays& Scope(const ClientSubnet& subnet, std::uint8_t scope) {
    options_.resize(ClientSubnet::kMaxOption);
    dns::Writer writer(options_);
    WriteClientSubnet(subnet, scope, writer);
    options_.resize(writer.size());
    return *this;
  }

  Packet To(dns::NameView name, dns::RRType type) const {
    Packet out(65535);
    dns::EdnsReply edns;
    edns.options = options_;
    dns::MessageWriter writer(out, options_.empty() ? nullptr : &edns);
    writer.StartReply(dns::Header{}, authoritative_);
    writer.AddQuestion(name, type, dns::RRClass::kIN);
    for (const Record& record : records_) {
      writer.AddRecord(record.section, record.owner, record.type, dns::RRClass::kIN, record.ttl,
                       record.rdata);
    }
    out.resize(writer.Finish(rcode_));
    return out;
  }

 private:
  struct Record {
    dns::Section section;
    dns::Name owner;
    dns::RRType type;
    std::uint32_t ttl;
    Packet rdata;
  };

  BackendSays& Add(dns::Section section, const std::string& text) {
    ldns_rr* rr = nullptr;
    EXPECT_EQ(ldns_rr_new_frm_str(&rr, text.c_str(), 0, nullptr, nullptr), LDNS_STATUS_OK) << text;
    Record record{
        section, NameOf(ldns_rr_owner(rr)), dns::RRType(ldns_rr_get_type(rr)), ldns_rr_ttl(rr), {}};
    for (std::size_t i = 0; i < ldns_rr_rd_count(rr); ++i) {
      const ldns_rdf* field = ldns_rr_rdf(rr, i);
      record.rdata.insert(record.rdata.end(), ldns_rdf_data(field),
                          ldns_rdf_data(field) + ldns_rdf_size(field));
    }
    ldns_rr_free(rr);
    records_.push_back(std::move(record));
    return *this;
  }

  std::vector<Record> records_;
  Packet options_;
  dns::Rcode rcode_ = dns::Rcode::kNoError;
  bool authoritative_ = true;
};

// Takes questions down until the fixture answers them.
class ListeningBackend final : public BackendAsker {
 public:
  struct Held {
    Ticket ticket;
    dns::Name name;
    dns::RRType type;
  };
  bool Ask(const ForwardSet&, const BackendQuestion& question, Ticket ticket) noexcept override {
    if (!up) return false;
    subnet = question.subnet;
    asked.push_back(question.name.ToText() + " " + dns::ToText(question.type));
    held.push_back({ticket, dns::Name(question.name), question.type});
    return true;
  }

  bool up = true;
  std::optional<ClientSubnet> subnet;  // of the last question
  std::vector<std::string> asked;      // "www.example. A"
  std::deque<Held> held;
};

// Little memory, and the same hashes every time.
inline PipelineOptions SmallPipeline() {
  PipelineOptions options;
  options.answer_cache_bytes = 1 << 20;
  options.signature_memo_entries = 1 << 12;
  options.max_waiting = 64;
  options.hash_seed = 99;
  return options;
}

class PipelineFixture : public ::testing::Test, public AnswerSink {
 protected:
  static constexpr std::uint32_t kNow = 1'790'000'000;

  explicit PipelineFixture(const PipelineOptions& options = SmallPipeline())
      : pipeline_(options, signer_, &backend_, this) {
    pipeline_.SetTime(std::uint64_t{kNow} * 1000);
  }

  void Serve(std::shared_ptr<Zone> zone, bool is_signed = true) {
    if (is_signed) {
      const std::string apex = zone->apex.ToText();
      if (!zone->keys) zone->keys = MakeKeys(apex, kNow);
      keys_[zone->apex.Lowered().ToText()] = zone->keys;
    }
    zones_ = ZoneTable::With(*zones_, {std::move(zone)});
    pipeline_.UseZones(zones_);
  }

  void Backend(const std::string& name, dns::RRType type, const BackendSays& says) {
    script_.insert_or_assign({name, type}, says);
  }

  // The answer, waited for if need be; not parsed() when there is none.
  Reply Get(const Ask& ask, Transport transport = Transport::kUdp) {
    return Get(ask.Bytes(), transport);
  }
  Reply Get(const Packet& query, Transport transport = Transport::kUdp) {
    const Asker asker{transport, client_};
    Packet out(transport == Transport::kTcp ? 65535 : 1232);
    const Outcome outcome = pipeline_.Handle(query, asker, out);
    if (outcome.verdict == Verdict::kAnswer) {
      out.resize(outcome.size);
      if (outcome.is_summed) {
        EXPECT_EQ(outcome.sum, net::Fold(net::SumOctets(out)));
      }
      return Reply(out);
    }
    if (outcome.verdict == Verdict::kDrop) return {};
    delivered_.reset();
    if (!pipeline_.Defer(query, asker, ReplyRoute{{7}})) return {};
    while (!backend_.held.empty()) {
      const ListeningBackend::Held held = backend_.held.front();
      backend_.held.pop_front();
      const auto says = script_.find({held.name.Lowered().ToText(), held.type});
      if (says == script_.end()) {
        pipeline_.OnBackendFailure(held.ticket);
      } else {
        pipeline_.OnBackendReply(held.ticket, says->second.To(held.name, held.type));
      }
    }
    return delivered_ ? Reply(*delivered_) : Reply();
  }

  ::testing::AssertionResult Believed(const Reply& reply) const {
    return Validator(keys_, now_).Believes(reply);
  }
  void MoveTo(std::uint32_t now) {
    now_ = now;
    pipeline_.SetTime(std::uint64_t{now} * 1000);
  }
  std::uint64_t Counted(Count count) const {
    const PipelineCounters* one = &pipeline_.counters();
    return Sum({&one, 1})[count];
  }

  void Deliver(const ReplyRoute& route, dns::Bytes answer) noexcept override {
    EXPECT_EQ(route.words[0], 7u);
    delivered_ = Packet(answer.begin(), answer.end());
  }

  ListeningBackend backend_;
  signer::OpensslSigner signer_;
  Pipeline pipeline_;
  net::Endpoint client_;
  std::shared_ptr<const ZoneTable> zones_ = std::make_shared<const ZoneTable>();
  KeyRing keys_;
  std::uint32_t now_ = kNow;
  std::map<std::pair<std::string, dns::RRType>, BackendSays> script_;
  std::optional<Packet> delivered_;
};

}  // namespace sealwire::proxy::testing
