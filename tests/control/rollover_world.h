// Everybody who takes part in a rollover, in simulated time: workers that take over late, a parent
// with several servers that follows CDS at its leisure, a daemon that dies between any two steps,
// and all that validators may have cached of it.
//
// What was served from when until when is written down; afterwards every pair of things that one
// cache may have held at one moment is tried: a DS RRset with a DNSKEY RRset, a DNSKEY RRset with a
// signature. Each is tried as a validator that takes any algorithm would (RFC 6840 section 5.11),
// and as one that asks for a signature of each that is named (RFC 4035 section 2.2).
#pragma once

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "control/key_work.h"
#include "control/whole_set_rollover.h"
#include "keycache/key_signatures.h"
#include "tests/control/control_fixture.h"

namespace sealwire::control {

// What the keys of a zone are.
struct KeyKind {
  std::uint8_t algorithm = signer::kAlgorithmP256;
  bool csk = false;
};

class RolloverWorld {
 public:
  // Rollovers of all keys, from `one` to `other` and back again.
  RolloverWorld(unsigned seed, KeyKind one, KeyKind other)
      : RolloverWorld(seed, keycache::RollMethod::kDoubleKsk) {
    kinds_ = {one, other};
    life_.ksk = keycache::KeyHome::kSealed;
    life_.standby &= !one.csk && !other.csk;
    UseKind(0);
  }

  RolloverWorld(unsigned seed, keycache::RollMethod method)
      : random_(seed),
        role_(method == keycache::RollMethod::kPrePublish ? keycache::Role::kZsk
                                                          : keycache::Role::kKsk) {
    if (role_ == keycache::Role::kKsk) life_.ksk_roll = method;
    life_.zsk_lifetime = 0;
    DrawTtls();
    life_.propagation_delay = Draw(0, 600);
    life_.parent_propagation_delay = Draw(0, 600);
    life_.standby = Draw(0, 3) == 0;
    ds_ttl_ = Draw(1, 90000);
    servers_.resize(Draw(1, 3));
  }

  void Run() {
    Work(nullptr);
    for (Server& server : servers_) server.Show(WantedDs(), now_);
    Look();
    for (int i = 0; i < 20000 && finished_ < 3; ++i) {
      now_ += Draw(1, 1 + life_.dnskey_ttl / 4 + ds_ttl_ / 8);
      if (Draw(0, 400) == 0) DrawTtls();
      // The daemon may be away for long; what it had not stored is lost.
      if (Draw(0, 50) == 0) now_ += Draw(1, 200000);
      ParentActs();
      if (Draw(0, 3) == 0) Look();
      const keycache::ZoneKeyRecord record = *keycache::ZoneKeyRecord::Decode(stored_);
      const bool idle = record.RolloverOf(role_) == nullptr;
      if (idle && rolling_) ++finished_;
      rolling_ = !idle;
      Work(idle && Draw(0, 5) == 0                ? Begin()
           : !kinds_.empty() && Draw(0, 300) == 0 ? Cancel()
                                                  : KeyCommand());
    }
    for (Form& form : forms_) form.Close(now_);
    for (Server& server : servers_) server.Show({}, now_);
  }

  int finished() const { return finished_; }

  // A sentence about the first pair that makes no chain; empty when all do.
  std::string FirstBrokenChain() const {
    for (const Form& keys : forms_) {
      const std::int64_t keys_gone = keys.end + keys.key_ttl;
      if (!Satisfy(keys.published, keys.key_signers)) {
        return "DNSKEY served from " + std::to_string(keys.begin) + " lacks an algorithm's RRSIG";
      }
      for (const Server& server : servers_) {
        for (const DsForm& ds : server.shown) {
          const bool together = ds.begin <= keys_gone && keys.begin <= ds.end + ds_ttl_;
          if (!together || ds.tags.empty() || Satisfy(ds.tags, keys.key_signers)) continue;
          return "DS shown from " + std::to_string(ds.begin) + " to " + std::to_string(ds.end) +
                 " and DNSKEY served from " + std::to_string(keys.begin) + " to " +
                 std::to_string(keys.end);
        }
      }
      for (const Form& data : forms_) {
        const bool together = data.begin <= keys_gone && keys.begin <= data.end + data.zone_ttl;
        const bool cds = data.begin <= keys_gone && keys.begin <= data.end + data.key_ttl;
        if ((!together || Satisfy(keys.published, data.data_signers)) &&
            (!cds || Satisfy(keys.published, data.cds_signers))) {
          continue;
        }
        return "signatures made from " + std::to_string(data.begin) + " to " +
               std::to_string(data.end) + " and DNSKEY served from " + std::to_string(keys.begin) +
               " to " + std::to_string(keys.end);
      }
    }
    return "";
  }

 private:
  using Tags = std::set<std::uint16_t>;

  // One way in which the zone was answered, by any worker.
  struct Form {
    std::int64_t begin = 0;
    std::int64_t end = 0;  // 0: still
    Tags published, key_signers, data_signers, cds_signers, cds;
    std::uint32_t key_ttl = 0, zone_ttl = 0;
    void Close(std::int64_t at) {
      if (end == 0) end = at;
    }
  };
  struct DsForm {
    std::int64_t begin = 0;
    std::int64_t end = 0;
    Tags tags;
  };
  struct Server {
    std::vector<DsForm> shown;
    std::int64_t changes_at = 0;  // 0: it knows of no change
    void Show(const Tags& tags, std::int64_t now) {
      if (!shown.empty()) shown.back().end = now;
      shown.push_back({now, now, tags});
      changes_at = 0;
    }
  };

  // Of each algorithm that `named` keys have, one of them has signed. Where that is so, one of any
  // algorithm has.
  bool Satisfy(const Tags& named, const Tags& signers) const {
    std::set<std::uint8_t> wanted, found;
    for (const std::uint16_t tag : named) {
      wanted.insert(algorithms_.at(tag));
      if (signers.contains(tag)) found.insert(algorithms_.at(tag));
    }
    return wanted == found;
  }

  std::uint32_t Draw(std::uint32_t from, std::uint32_t to) {
    return std::uniform_int_distribution<std::uint32_t>(from, to)(random_);
  }
  void DrawTtls() {
    life_.dnskey_ttl = Draw(1, 20000);
    life_.max_zone_ttl = Draw(1, 20000);
  }

  void UseKind(std::size_t index) {
    kind_ = index;
    life_.algorithm = kinds_[index].algorithm;
    life_.csk = kinds_[index].csk;
  }

  // By the policy alone, or by a command as well.
  KeyCommand Begin() {
    if (!kinds_.empty()) {
      UseKind(1 - kind_);
      if (Draw(0, 1) == 0) return {};
      return [this](keycache::ZoneKeyRecord& record, KeyMaker& maker, std::int64_t now) {
        return BeginWholeSet(record, life_, keycache::RollCause::kAsked, maker, now);
      };
    }
    return [this](keycache::ZoneKeyRecord& record, KeyMaker& maker, std::int64_t now) {
      return BeginRollover(record, role_, life_, keycache::RollCause::kAsked, maker, now);
    };
  }

  KeyCommand Cancel() {
    return [](keycache::ZoneKeyRecord& record, KeyMaker&, std::int64_t now) {
      return CancelWholeSet(record, now);
    };
  }

  RollFacts Facts() const {
    RollFacts facts;
    facts.served = served_at_ != 0 && now_ >= served_at_;
    facts.may_move = true;
    facts.secured = seen_.with_ds == seen_.servers && seen_.servers > 0;
    facts.parent = seen_;
    facts.ds_ttl = ds_ttl_;
    return facts;
  }

  // The daemon's part. Now and then it dies right after it has stored, before it published.
  void Work(const KeyCommand& command) {
    KeyWorkOrder order;
    order.apex = *dns::Name::FromText("example.net.");
    order.encoded = stored_;
    order.cds = keycache::CdsPublication::kPublish;
    order.life = life_;
    order.facts = Facts();
    order.command = command;
    const KeyWorkResult result = BringKeysUpToDate(maker_, order, now_);
    if (!result.changed.empty()) stored_ = result.changed;
    if (Draw(0, 8) == 0 && !forms_.empty()) {
      now_ += Draw(1, 5000);
      Publish();  // what a start finds stored
    } else if (result.republish || forms_.empty() || forms_.back().zone_ttl != life_.max_zone_ttl) {
      Publish();
    }
  }

  void Publish() {
    const keycache::ZoneKeyRecord record = *keycache::ZoneKeyRecord::Decode(stored_);
    Form form;
    form.begin = now_;
    for (const keycache::KeyRecord& key : record.keys) {
      const auto add_if = [&key](bool condition, Tags& tags) {
        if (condition) tags.insert(key.key_tag);
      };
      algorithms_[key.key_tag] = key.algorithm;
      add_if(key.published, form.published);
      add_if(SignsAhead(key, dns::RRType::kDNSKEY), form.key_signers);
      add_if(SignsAhead(key, dns::RRType::kCDS), form.cds_signers);
      add_if(key.IsZsk() && key.signing, form.data_signers);
    }
    for (const keycache::DsRecord& ds : record.DsRecords()) form.cds.insert(ds.key_tag);
    form.key_ttl = record.key_ttl;
    form.zone_ttl = life_.max_zone_ttl;
    served_at_ = now_ + Draw(0, 50);
    // Parts of the fleet may lag behind what this node sees.
    const std::int64_t gone = served_at_ + Draw(0, life_.propagation_delay);
    for (Form& older : forms_) older.Close(gone);
    forms_.push_back(form);
  }

  Tags WantedDs() const { return forms_.back().cds; }

  // Each server of the parent follows CDS in its own time.
  void ParentActs() {
    for (Server& server : servers_) {
      if (server.changes_at != 0 && now_ >= server.changes_at) {
        server.Show(WantedDs(), now_);
      } else if (server.changes_at == 0 && server.shown.back().tags != WantedDs()) {
        server.changes_at = now_ + Draw(1, 100000);
      }
      server.shown.back().end = now_;
    }
  }

  void Look() {
    seen_ = {};
    seen_.checked_at = now_;
    seen_.servers = static_cast<std::uint32_t>(servers_.size());
    std::map<std::uint16_t, std::uint32_t> counts;
    for (const Server& server : servers_) {
      if (Draw(0, 9) == 0) continue;  // silent
      ++seen_.answered;
      seen_.with_ds += !server.shown.back().tags.empty();
      for (const std::uint16_t tag : server.shown.back().tags) ++counts[tag];
    }
    for (const auto& [tag, count] : counts) seen_.ours.push_back({tag, count});
  }

  std::mt19937 random_;
  const keycache::Role role_;
  KeyLife life_;
  std::vector<KeyKind> kinds_;  // empty: rollovers of one role
  std::size_t kind_ = 0;
  std::map<std::uint16_t, std::uint8_t> algorithms_;  // by key tag
  FakeKeyMaker maker_;
  std::int64_t now_ = 1790000000;
  std::uint32_t ds_ttl_ = 0;
  std::vector<std::uint8_t> stored_;
  std::vector<Form> forms_;
  std::int64_t served_at_ = 0;
  std::vector<Server> servers_;
  ParentObservation seen_;
  bool rolling_ = false;
  int finished_ = 0;
};

}  // namespace sealwire::control
