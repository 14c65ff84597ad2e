// A signed zone for benchmarks: bench.example., held whole, with names n0, n1, … that have an A
// record each, and a key of its own.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "keycache/zone_keys.h"
#include "proxy/local_zone_builder.h"
#include "proxy/zone.h"
#include "signer/openssl_signer.h"
#include "signer/rrsig.h"

namespace sealwire::bench {

inline constexpr int kZoneNames = 1000;

// Must outlive the zone table: holds the scalar.
struct BenchZone {
  std::array<std::uint8_t, 32> scalar{};
  std::shared_ptr<const proxy::ZoneTable> table;

  // With `more` zones beside it, z0.example., z1.example., …, each with the one name n0.
  static std::unique_ptr<BenchZone> Make(int names = kZoneNames, int more = 0) {
    auto made = std::make_unique<BenchZone>();
    const dns::Name apex = *dns::Name::FromText("bench.example.");
    auto keys = std::make_shared<keycache::ZoneKeys>();
    signer::PublicKey public_key;
    if (!signer::GenerateKeyPair(made->scalar, public_key)) return nullptr;
    std::array<std::uint8_t, 68> dnskey{1, 1, 3, signer::kAlgorithmP256};
    std::copy(public_key.begin(), public_key.end(), dnskey.begin() + 4);
    keys->apex = apex;
    keys->dnskey = dns::RRset(apex, dns::RRType::kDNSKEY, 3600);
    keys->dnskey.Add(dnskey);
    keys->zsk = {made->scalar.data(), 1, signer::KeyTag(dnskey)};

    std::vector<std::shared_ptr<const proxy::Zone>> zones;
    auto zone = Local(apex, names, keys, 1);
    if (zone == nullptr) return nullptr;
    zones.push_back(zone);
    // The same key for a second zone, which is only asked for: fwd.example.
    auto forwarded = std::make_shared<proxy::Zone>();
    forwarded->apex = *dns::Name::FromText("fwd.example.");
    forwarded->id = 2;
    forwarded->policy.forward_cache_seconds = 3600;
    auto backends = std::make_shared<proxy::ForwardSet>();
    backends->id = 1;
    backends->endpoints = {net::Endpoint{}};
    forwarded->forward = backends;
    auto forwarded_keys = std::make_shared<keycache::ZoneKeys>(*keys);
    forwarded_keys->apex = forwarded->apex;
    forwarded_keys->zsk.id = 2;
    forwarded->keys = forwarded_keys;
    zones.push_back(forwarded);
    for (int i = 0; i < more; ++i) {
      const dns::Name other = *dns::Name::FromText("z" + std::to_string(i) + ".example.");
      auto other_keys = std::make_shared<keycache::ZoneKeys>(*keys);
      other_keys->apex = other;
      other_keys->zsk.id = static_cast<std::uint64_t>(i) + 3;
      zones.push_back(Local(other, 1, other_keys, static_cast<std::uint64_t>(i) + 3));
      if (zones.back() == nullptr) return nullptr;
    }
    made->table = proxy::ZoneTable::With(proxy::ZoneTable(), std::move(zones));
    return made;
  }

 private:
  static std::shared_ptr<proxy::Zone> Local(const dns::Name& apex, int names,
                                            std::shared_ptr<const keycache::ZoneKeys> keys,
                                            std::uint64_t id) {
    proxy::LocalZoneBuilder builder(apex);
    const std::string below = "." + apex.ToText();
    const dns::Name name_server = *dns::Name::FromText("n0" + below);
    std::array<std::uint8_t, 600> soa;
    dns::Writer writer(soa);
    writer.Run(name_server.wire());
    writer.Run(apex.wire());
    for (const std::uint32_t value : {1u, 3600u, 600u, 86400u, 300u}) writer.U32(value);
    if (!builder.Add(apex, dns::RRType::kSOA, 3600, writer.written()) ||
        !builder.Add(apex, dns::RRType::kNS, 3600, name_server.wire())) {
      return nullptr;
    }
    for (int i = 0; i < names; ++i) {
      const std::array<std::uint8_t, 4> address{192, 0, 2, static_cast<std::uint8_t>(i)};
      const dns::Name owner = *dns::Name::FromText("n" + std::to_string(i) + below);
      if (!builder.Add(owner, dns::RRType::kA, 300, address)) return nullptr;
    }
    auto local = builder.Build();
    if (!local) return nullptr;
    auto zone = std::make_shared<proxy::Zone>();
    zone->apex = apex;
    zone->id = id;
    zone->local = *local;
    zone->keys = std::move(keys);
    return zone;
  }
};

}  // namespace sealwire::bench
