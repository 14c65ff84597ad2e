// A zone whose KSK is in software, so that what needs no HSM is tested without one.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <map>

#include "keycache/key_signatures.h"
#include "keycache/zone_key_record.h"
#include "signer/algorithm.h"
#include "signer/rrsig.h"

namespace sealwire::keycache {

struct SoftwareZone {
  ZoneKeyRecord record;
  std::map<std::uint16_t, std::array<std::uint8_t, 32>> scalars;  // by key tag

  explicit SoftwareZone(std::string_view apex) {
    auto name = dns::Name::FromText(apex);
    EXPECT_TRUE(name);
    record.apex = *name;
    Add(Role::kKsk, KeyHome::kHsm);
    Add(Role::kZsk, KeyHome::kSealed);
  }

  void Add(Role role, KeyHome home, std::uint8_t algorithm = signer::kAlgorithmP256) {
    KeyRecord key;
    key.role = role;
    key.home = home;
    key.algorithm = key.sealed.algorithm = algorithm;
    key.created = 1700000000;
    key.hsm_id.fill(home == KeyHome::kHsm ? 9 : 0);
    std::array<std::uint8_t, 32> scalar{};
    do {
      EXPECT_TRUE(signer::MakeKeyPair(algorithm, scalar, key.public_key));
      key.key_tag = signer::KeyTag(key.Dnskey());
    } while (record.HasTag(key.key_tag));
    key.sealed.role = role;
    key.sealed.key_tag = key.key_tag;
    scalars[key.key_tag] = scalar;
    record.keys.push_back(key);
  }

  void SignAt(std::uint32_t now) {
    auto prepared =
        PrepareSignatures(record, now, [&](const KeyRecord& key, dns::Bytes signed_data) {
          signer::SignatureOctets signature;
          EXPECT_TRUE(
              signer::SignMessage(key.algorithm, scalars[key.key_tag], signed_data, signature));
          return Result<signer::SignatureOctets>(signature);
        });
    ASSERT_TRUE(prepared) << prepared.error();
    record.prepared = std::move(prepared).value();
  }
};

}  // namespace sealwire::keycache
