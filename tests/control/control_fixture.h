// A control plane without sockets and HSM: a store in a temporary folder, keys that sign nothing, a
// parent that says what the test tells it, and a clock that stands still until it is moved.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <memory>
#include <random>
#include <string>

#include "control/state_store.h"
#include "control/zone_control.h"
#include "control/zone_registry.h"
#include "dns/message_writer.h"
#include "keycache/zone_key_record.h"
#include "signer/rrsig.h"

namespace sealwire::control {

// Workers that answer from a table when the test says so.
class FakeWorkers : public Workers {
 public:
  std::uint64_t Publish(std::shared_ptr<const proxy::ZoneTable> zones) override {
    table = std::move(zones);
    return ++published;
  }
  std::uint64_t Served() const override { return prompt ? published : served; }

  std::shared_ptr<const proxy::ZoneTable> table;
  std::uint64_t published = 0;
  std::uint64_t served = 0;
  bool prompt = true;
};

// Keys with the right shape; their signatures are never looked at.
class FakeKeyMaker : public KeyMaker {
 public:
  Result<keycache::ZoneKeyRecord> MakeKeys(dns::NameView apex, const keycache::KeyPolicy& policy,
                                           std::uint32_t now) override {
    if (away) return Error{"the HSM is away"};
    ++made;
    keycache::ZoneKeyRecord record;
    record.apex = dns::Name(apex).Lowered();
    for (const keycache::KeyOrder& order : keycache::OrdersFor(policy, 0)) {
      record.keys.push_back(Key(order, now));
    }
    Prepare(record, now);
    return record;
  }
  keycache::Built Build(const keycache::ZoneKeyRecord& record, std::uint32_t) override {
    if (away && !open) return {keycache::Built::State::kNotReady, nullptr, "the HSM is away"};
    open = true;
    auto keys = std::make_shared<keycache::ZoneKeys>();
    keys->apex = record.apex;
    keys->dnskey = record.DnskeyRRset();
    keys->cds = record.CdsRRset();
    keys->cdnskey = record.CdnskeyRRset();
    return {keycache::Built::State::kReady, keys, ""};
  }
  Result<bool> RefreshSignatures(keycache::ZoneKeyRecord&, std::uint32_t) override {
    if (away) return Error{"the HSM is away"};
    return false;
  }
  Status AddKey(keycache::ZoneKeyRecord& record, const keycache::KeyOrder& order,
                std::uint32_t now) override {
    if (away) return Error{"the HSM is away"};
    ++made;
    keycache::KeyRecord key = Key(order, now);
    while (record.HasTag(key.key_tag)) key = Key(order, now);
    key.published = key.signing = key.wants_ds = false;
    record.keys.push_back(key);
    return Status::Ok();
  }
  // Every source is another key, but "taken", which has the tag of a key that is there.
  Status ImportKey(keycache::ZoneKeyRecord& record, keycache::Role role, std::string_view source,
                   std::uint32_t now) override {
    if (source == "taken") return Error{"the zone has a key with that tag already"};
    keycache::KeyOrder order;
    order.role = role;
    if (Status added = AddKey(record, order, now); !added.ok()) return added;
    return Status::Ok();
  }
  Status SignAhead(keycache::ZoneKeyRecord& record, std::uint32_t now) override {
    if (away) return Error{"the HSM is away"};
    Prepare(record, now);
    return Status::Ok();
  }
  Status DestroyKey(const keycache::KeyRecord&) override {
    if (away) return Error{"the HSM is away"};
    ++destroyed;
    return Status::Ok();
  }
  Status DestroyKeys(const keycache::ZoneKeyRecord&) override {
    ++destroyed;
    return Status::Ok();
  }

  bool away = false;
  bool open = false;  // sealed keys are open in memory
  int made = 0;
  int destroyed = 0;

 private:
  static void Prepare(keycache::ZoneKeyRecord& record, std::uint32_t now) {
    record.prepared.clear();
    for (const dns::RRType type :
         {dns::RRType::kDNSKEY, dns::RRType::kCDS, dns::RRType::kCDNSKEY}) {
      keycache::PreparedSignature& signature = record.prepared.emplace_back();
      signature.covered = type;
      signature.inception = now - 3600;
      signature.expiration = now + 14 * 86400;
      signature.rdata.resize(100);
      dns::Writer out(signature.rdata);  // RFC 4034 section 3.1
      out.U16(static_cast<std::uint16_t>(type));
      out.Run(std::array<std::uint8_t, 6>{});
      out.U32(signature.expiration);
      out.U32(signature.inception);
    }
  }
  keycache::KeyRecord Key(const keycache::KeyOrder& order, std::uint32_t now) {
    const keycache::Role role = order.role;
    keycache::KeyRecord key;
    key.role = role;
    key.home = order.home;
    key.algorithm = key.sealed.algorithm = order.algorithm;
    key.signs_data = order.signs_data;
    key.set = order.set;
    std::array<std::uint8_t, signer::kMaxPublicKeySize> octets;
    for (std::uint8_t& octet : octets) octet = static_cast<std::uint8_t>(random_());
    key.public_key =
        signer::PublicOctets(dns::Bytes(octets).first(signer::PublicKeySize(order.algorithm)));
    key.key_tag = signer::KeyTag(key.Dnskey());
    key.created = key.signing_since = now;
    key.wants_ds = role == keycache::Role::kKsk;
    key.sealed.role = role;
    key.sealed.key_tag = key.key_tag;
    return key;
  }
  std::mt19937 random_;  // the same keys in every run
};

// A parent with one server, which has the DS that the test gives it.
class FakeParent : public DnsAsker {
 public:
  Result<std::vector<std::uint8_t>> Ask(const net::Endpoint&, const dns::Name& name,
                                        dns::RRType type, bool) override {
    if (silent) return Error{"silent"};
    std::vector<std::uint8_t> out(4096);
    dns::MessageWriter writer(out, nullptr);
    writer.StartReply({}, true);
    writer.AddQuestion(name, type, dns::RRClass::kIN);
    for (const auto& rdata : ds) {
      writer.AddRecord(dns::Section::kAnswer, name, dns::RRType::kDS, dns::RRClass::kIN, ttl,
                       rdata);
    }
    out.resize(writer.Finish(dns::Rcode::kNoError));
    return out;
  }

  bool silent = false;
  std::uint32_t ttl = 3600;
  std::vector<std::vector<std::uint8_t>> ds;
};

class ControlFixture : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(testing::TempDir()) /
              ("control-" + std::to_string(::getpid()) + "-" +
               testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    Start();
  }
  void TearDown() override {
    End();
    std::filesystem::remove_all(folder_);
  }

  void Start() {
    auto store = StateStore::Open(folder_ / "state.db");
    ASSERT_TRUE(store.ok()) << store.error();
    store_ = *std::move(store);
    registry_ = std::make_unique<ZoneRegistry>(*store_, workers_, policies_);
    ASSERT_TRUE(registry_->Load().ok());
    zones_ = std::make_unique<ZoneControl>(
        ZoneControl::Parts{*registry_, key_maker_, here_, here_, here_, [this] { return now_; }});
    ParentConfig parent;
    parent.servers = {*net::Endpoint::FromText("192.0.2.1:53")};
    zones_->UseParent(std::make_shared<ParentCheck>(parent, parent_));
    BeforeRestore();
    zones_->Restore();
  }
  virtual void BeforeRestore() {}
  void End() {
    zones_.reset();
    registry_.reset();
    store_.reset();
  }
  void Restart() {
    End();
    key_maker_.open = false;
    Start();
  }

  // Lets everything that is due happen.
  void Settle() {
    for (int i = 0; i < 5; ++i) {
      zones_->Tick();
      zones_->Settle();
    }
  }
  void Pass(std::int64_t seconds) {
    now_ += seconds;
    Settle();
  }

  Outcome Add(const std::string& name) {
    BackendSpec backend;
    backend.servers = {*net::Endpoint::FromText("127.0.0.1:5301")};
    Outcome result;
    zones_->PutZone(name, backend, "default", std::nullopt, "test",
                    [&](const Outcome& outcome, bool) { result = outcome; });
    return result;
  }
  Outcome Toggle(const std::string& name, bool enabled, std::string_view override_name = {}) {
    return zones_->SetDnssec(name, enabled, override_name, std::nullopt, "test");
  }
  const ZoneRecord& Record(const std::string& name) { return *registry_->Find(name)->record; }
  const proxy::Zone* Served(const std::string& name) {
    return workers_.table->FindApex(*dns::Name::FromText(name));
  }
  // What the owner of the zone would copy to the parent.
  void PublishDs(const std::string& name) {
    parent_.ds.clear();
    const auto record = keycache::ZoneKeyRecord::Decode(*store_->ReadKeys(name));
    for (const auto& ds : record->DsRecords()) {
      const auto rdata = ds.Rdata();
      parent_.ds.emplace_back(rdata.begin(), rdata.end());
    }
  }

  std::filesystem::path folder_;
  std::int64_t now_ = 1795509000;
  std::map<std::string, PolicyConfig> policies_ = {{"default", {}}, {"short", {43200}}};
  FakeWorkers workers_;
  FakeKeyMaker key_maker_;
  FakeParent parent_;
  InlineExecutor here_;
  std::unique_ptr<StateStore> store_;
  std::unique_ptr<ZoneRegistry> registry_;
  std::unique_ptr<ZoneControl> zones_;
};

}  // namespace sealwire::control
