// Fills a state database with zones that are signed, each with keys of its own sealed under the
// token's wrapping key: what bench/restart starts a node with.
//
//     seal_zones CONFIG ZONES FORWARD     the zones z0.example. to z(ZONES-1).example.
//
// Zones are shown as active, the last look at the parent just made. The records are real: every
// one is made, sealed and signed ahead as the daemon does it.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <thread>
#include <vector>

#include "control/config.h"
#include "control/state_store.h"
#include "keycache/hsm_client.h"
#include "keycache/key_cache.h"

namespace {

using namespace sealwire;

constexpr std::size_t kChunk = 4096;  // zones in one transaction

int Fail(const std::string& sentence) {
  std::fprintf(stderr, "seal_zones: %s\n", sentence.c_str());
  return EXIT_FAILURE;
}

control::ZoneRecord RecordOf(const std::string& name, std::uint64_t id,
                             const net::Endpoint& forward, std::int64_t now) {
  control::ZoneRecord zone;
  zone.name = name;
  zone.id = id;
  zone.backend.servers = {forward};
  zone.created = zone.changed = zone.status_since = now;
  zone.dnssec = zone.has_keys = true;
  zone.status = control::ZoneStatus::kActive;
  zone.parent.state = control::ParentState::kPublished;
  zone.parent.checked_at = zone.ds_last_seen = now;
  zone.parent.servers = zone.parent.answered = zone.parent.with_ds = 1;
  zone.ds_ttl_max = 3600;
  return zone;
}

// The keys of zones `first` to `first + out.size()`, by as many threads as there are CPUs.
bool MakeKeys(keycache::KeyCache& cache, std::size_t first, std::int64_t now,
              std::vector<control::Change::Keys>& out) {
  std::atomic<std::size_t> next{0};
  std::atomic<bool> failed{false};
  const auto work = [&] {
    for (std::size_t at; (at = next++) < out.size() && !failed;) {
      out[at].name = "z" + std::to_string(first + at) + ".example";
      const auto stamp = static_cast<std::uint32_t>(now);
      const auto apex = dns::Name::FromText(out[at].name);
      auto record =
          cache.MakeKeys(*apex, {keycache::KeyHome::kSealed, keycache::KeyHome::kSealed}, stamp);
      if (record.ok()) {
        for (keycache::KeyRecord& key : record->keys) key.served_since = stamp;
        record->cds = keycache::CdsPublication::kPublish;
      }
      if (!record.ok() || !cache.SignAhead(*record, stamp).ok()) {
        failed = true;
        return;
      }
      out[at].record = record->Encode();
    }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < std::max(1u, std::thread::hardware_concurrency()); ++i) {
    threads.emplace_back(work);
  }
  for (std::thread& thread : threads) thread.join();
  return !failed;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return Fail("seal_zones CONFIG ZONES FORWARD");
  const auto config = control::Config::FromFile(argv[1]);
  if (!config.ok()) return Fail(config.error());
  const auto count = static_cast<std::size_t>(std::strtoull(argv[2], nullptr, 10));
  const auto forward = net::Endpoint::FromText(argv[3]);
  if (count == 0 || !forward) return Fail("ZONES is a number, FORWARD an address with a port");
  auto store = control::StateStore::Open(config->state_path);
  if (!store.ok()) return Fail(store.error());
  std::vector<keycache::HsmOptions> tokens;
  for (const control::HsmConfig& one : config->hsm) {
    keycache::HsmOptions& token = tokens.emplace_back();
    token.module = one.module;
    token.token = one.token;
    token.pin_file = one.pin_file;
    token.helper_path = std::string(SEALWIRE_BIN_DIR) + "/sealwire-hsm";
  }
  auto hsm = keycache::HsmClient::Start(std::move(tokens));
  if (!hsm.ok() || !(*hsm)->WaitUntilUp(std::chrono::seconds(10))) return Fail("no HSM");
  keycache::KeyCache cache(**hsm, {});

  const std::int64_t now = std::time(nullptr);
  for (std::size_t first = 0; first < count; first += kChunk) {
    control::Change change;
    change.keys.resize(std::min(kChunk, count - first));
    if (!MakeKeys(cache, first, now, change.keys)) return Fail("a key could not be made");
    for (const control::Change::Keys& keys : change.keys) {
      change.put.push_back(RecordOf(keys.name, (*store)->NextZoneId(), *forward, now));
    }
    if (const Status done = (*store)->Commit(change); !done.ok()) return Fail(done.error());
  }
  return EXIT_SUCCESS;
}
