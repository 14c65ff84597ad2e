#include "control/config_key_life.h"

#include <fmt/format.h>

#include "control/duration.h"
#include "control/yaml_map.h"

namespace sealwire::control {
namespace {

using keycache::KeyHome;
using keycache::RollMethod;

constexpr std::uint32_t kDay = 86400;

void ReadSpan(YamlMap& map, const char* key, std::uint32_t min, std::uint32_t max,
              std::uint32_t& out) {
  const auto span = map.Parsed(key, ParseDuration);
  if (!span) return;
  out = *span;
  if (out < min || out > max) {
    map.Fail(key, fmt::format("must be from {} to {}", FormatDuration(min), FormatDuration(max)));
  }
}

// A duration, or `off`.
void ReadLifetime(YamlMap& map, const char* key, std::uint32_t& out) {
  if (map.Text(key) == "off") {
    out = 0;
    return;
  }
  ReadSpan(map, key, 60, 3650 * kDay, out);
}

// Of two words one; what else people may expect gets a sentence that says why not.
template <class T>
void ReadChoice(YamlMap& map, const char* key, std::pair<const char*, T> one,
                std::pair<const char*, T> other, T& out) {
  const auto text = map.Text(key);
  if (!text) return;
  if (*text == one.first) {
    out = one.second;
  } else if (*text == other.first) {
    out = other.second;
  } else {
    map.Fail(key, fmt::format("'{}' is not possible; possible are: {}, {}", *text, one.first,
                              other.first));
  }
}

void ReadOnly(YamlMap& map, const char* key, std::string_view possible, std::string_view why) {
  const auto text = map.Text(key);
  if (text && *text != possible)
    map.Fail(key, fmt::format("only '{}' is possible: {}", possible, why));
}

void ReadAlgorithm(YamlMap& map, std::uint8_t& out) {
  const auto text = map.Text("algorithm");
  if (!text) return;
  if (*text == "13" || *text == "14" || *text == "15") {
    out = static_cast<std::uint8_t>(std::stoi(*text));
  } else {
    map.Fail("algorithm",
             fmt::format("'{}' is not possible; possible are: 13 (ECDSA P-256), 14 (ECDSA P-384), "
                         "15 (Ed25519)",
                         *text));
  }
}

// What the HSM can hold, and what signs answers as they are asked for, exclude each other.
void CheckKinds(YamlMap& map, const KeyLife& life) {
  if (life.ksk == KeyHome::kHsm && life.algorithm != signer::kAlgorithmP256) {
    map.Fail("algorithm", "the HSM makes keys of algorithm 13 only: write ksk: sealed beside it");
  }
  if (life.ksk == KeyHome::kHsm && life.csk) {
    map.Fail("csk", "a key that signs every answer cannot be in the HSM: write ksk: sealed");
  }
  if (life.csk && life.standby) {
    map.Fail("standby", "one key that signs all has no standby: all keys are replaced at once");
  }
}

std::string Lifetime(std::uint32_t seconds) {
  return seconds == 0 ? "off" : FormatDuration(seconds);
}

}  // namespace

void ReadKeyLife(YamlMap& map, KeyLife& life) {
  ReadChoice<KeyHome>(map, "ksk", {"hsm", KeyHome::kHsm}, {"sealed", KeyHome::kSealed}, life.ksk);
  ReadOnly(map, "zsk", "sealed", "an HSM cannot sign every answer as it is asked for");
  ReadOnly(map, "scope", "per-zone", "every zone has keys of its own");
  ReadChoice<bool>(map, "csk", {"true", true}, {"false", false}, life.csk);
  ReadAlgorithm(map, life.algorithm);
  ReadChoice<bool>(map, "standby", {"true", true}, {"false", false}, life.standby);
  ReadChoice<RollMethod>(map, "ksk_roll", {"double-ksk", RollMethod::kDoubleKsk},
                         {"double-ds", RollMethod::kDoubleDs}, life.ksk_roll);
  ReadLifetime(map, "zsk_lifetime", life.zsk_lifetime);
  ReadLifetime(map, "ksk_lifetime", life.ksk_lifetime);
  ReadSpan(map, "dnskey_ttl", 1, kDay, life.dnskey_ttl);
  ReadSpan(map, "max_zone_ttl", 1, 90 * kDay, life.max_zone_ttl);
  ReadSpan(map, "propagation_delay", 0, kDay, life.propagation_delay);
  ReadSpan(map, "parent_propagation_delay", 0, 7 * kDay, life.parent_propagation_delay);
  CheckKinds(map, life);
  // A key that is due again before it has gone would never go.
  const std::uint32_t data = life.max_zone_ttl != 0 ? life.max_zone_ttl : 3 * kDay;
  const std::uint32_t zsk_roll = life.dnskey_ttl + data + 2 * life.propagation_delay;
  if (life.zsk_lifetime != 0 && life.zsk_lifetime < 2 * zsk_roll) {
    map.Fail("zsk_lifetime", fmt::format("a rollover takes {} with these TTLs: at least twice that",
                                         FormatDuration(zsk_roll)));
  }
  if (life.ksk_lifetime != 0 && life.ksk_lifetime < kDay) {
    map.Fail("ksk_lifetime", "must be at least a day, for the parent has to act");
  }
}

std::string KeyLifeYaml(const KeyLife& life) {
  return fmt::format(
      "ksk: {}, zsk: sealed, algorithm: {}, csk: {}, zsk_lifetime: {}, ksk_lifetime: {}, ksk_roll: "
      "{}, standby: {}, "
      "dnskey_ttl: {}, {}propagation_delay: {}, parent_propagation_delay: {}",
      life.ksk == KeyHome::kHsm ? "hsm" : "sealed", life.algorithm, life.csk ? "true" : "false",
      Lifetime(life.zsk_lifetime), Lifetime(life.ksk_lifetime),
      life.ksk_roll == RollMethod::kDoubleDs ? "double-ds" : "double-ksk",
      life.standby ? "true" : "false", FormatDuration(life.dnskey_ttl),
      life.max_zone_ttl == 0 ? ""
                             : fmt::format("max_zone_ttl: {}, ", FormatDuration(life.max_zone_ttl)),
      FormatDuration(life.propagation_delay), FormatDuration(life.parent_propagation_delay));
}

}  // namespace sealwire::control
