// Zones of a test: from text or behind a backend, with keys made on the spot.
#pragma once

#include <array>
#include <memory>
#include <string>

#include "keycache/dnskey.h"
#include "keycache/zone_keys.h"
#include "proxy/zone.h"
#include "proxy/zone_file.h"
#include "signer/openssl_signer.h"
#include "signer/rrsig.h"
#include "signer/sha256.h"
#include "tests/proxy/query_packet.h"

namespace sealwire::proxy::testing {

// Secret scalars beside the keys that point to them.
struct KeyPairs {
  std::array<std::uint8_t, 32> ksk_scalar;
  std::array<std::uint8_t, 32> zsk_scalar;
  keycache::ZoneKeys keys;
};

inline std::vector<std::uint8_t> SignatureOver(const dns::RRsetView& rrset, dns::NameView apex,
                                               const signer::Validity& validity,
                                               const signer::SigningKey& key) {
  const signer::RrsigFields fields = signer::FieldsFor(rrset, apex, validity, key.key_tag);
  std::vector<std::uint8_t> data(70000);
  auto scratch = std::make_unique<dns::CanonicalScratch>();
  data.resize(signer::WriteSignedData(fields, rrset, *scratch, data));
  signer::Signature signature{};
  signer::OpensslSigner().Sign(key, signer::Sha256::Hash(data), signature);
  std::vector<std::uint8_t> rdata(signer::kMaxRrsigSize);
  dns::Writer writer(rdata);
  signer::WriteRrsigPrefix(fields, writer);
  writer.Run(signature);
  rdata.resize(writer.size());
  return rdata;
}

struct PublishedSets {
  bool cds = false;
};

// A KSK that signs the key RRsets from a day before to `days` after `now`, and a ZSK.
inline std::shared_ptr<const keycache::ZoneKeys> MakeKeys(const std::string& apex,
                                                          std::uint32_t now, int days = 7,
                                                          PublishedSets published = {}) {
  static std::uint64_t next_id = 1;
  auto pairs = std::make_shared<KeyPairs>();
  signer::PublicKey ksk;
  signer::PublicKey zsk;
  (void)signer::GenerateKeyPair(pairs->ksk_scalar, ksk);
  (void)signer::GenerateKeyPair(pairs->zsk_scalar, zsk);
  keycache::ZoneKeys& keys = pairs->keys;
  keys.apex = N(apex);
  const auto ksk_rdata = keycache::MakeDnskey(keycache::Role::kKsk, ksk);
  const auto zsk_rdata = keycache::MakeDnskey(keycache::Role::kZsk, zsk);
  keys.dnskey = dns::RRset(keys.apex, dns::RRType::kDNSKEY, 3600);
  keys.dnskey.Add(ksk_rdata);
  keys.dnskey.Add(zsk_rdata);
  keys.zsk = {pairs->zsk_scalar.data(), next_id++, signer::KeyTag(zsk_rdata)};
  const signer::SigningKey ksk_key{pairs->ksk_scalar.data(), 0, signer::KeyTag(ksk_rdata)};
  const signer::Validity validity{now - 86400, now + static_cast<std::uint32_t>(days) * 86400};
  const auto prepare = [&](const dns::RRset& set) {
    keys.prepared.push_back({set.type(), validity.inception, validity.expiration,
                             SignatureOver(set.view(), keys.apex, validity, ksk_key)});
  };
  prepare(keys.dnskey);
  if (published.cds) {
    keys.cds = dns::RRset(keys.apex, dns::RRType::kCDS, 3600);
    keys.cds.Add(keycache::MakeDs(keys.apex, ksk_rdata).Rdata());
    prepare(keys.cds);
  }
  return {pairs, &pairs->keys};
}

inline std::uint64_t NextZoneId() {
  static std::uint64_t next = 1;
  return next++;
}

inline std::shared_ptr<Zone> LocalZoneOf(const std::string& apex, const std::string& text) {
  auto zone = std::make_shared<Zone>();
  zone->apex = N(apex);
  zone->id = NextZoneId();
  zone->local = ParseZoneText(text, zone->apex, "test").value();
  return zone;
}

inline std::shared_ptr<Zone> ForwardZoneOf(const std::string& apex) {
  auto zone = std::make_shared<Zone>();
  zone->apex = N(apex);
  zone->id = NextZoneId();
  auto set = std::make_shared<ForwardSet>();
  set->id = zone->id;
  zone->forward = set;
  return zone;
}

}  // namespace sealwire::proxy::testing
