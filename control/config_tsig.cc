#include "control/config_tsig.h"

#include <fmt/format.h>

#include <algorithm>

#include "control/zone_record.h"

namespace sealwire::control {
namespace {

constexpr std::string_view kAlgorithms[] = {"hmac-sha256", "hmac-sha384", "hmac-sha512",
                                            "hmac-sha1"};

std::string Quoted(const std::string& text) {
  YAML::Emitter emitter;
  emitter << YAML::DoubleQuoted << text;
  return emitter.c_str();
}

}  // namespace

void ReadTsigKeys(YamlMap& top, std::vector<TsigKeyConfig>& keys) {
  for (YamlMap& map : top.Maps("tsig")) {
    TsigKeyConfig key;
    if (auto name = map.Parsed("name", [](const std::string& t) { return NormalizeZoneName(t); })) {
      key.name = *std::move(name);
      if (std::any_of(keys.begin(), keys.end(),
                      [&](const TsigKeyConfig& other) { return other.name == key.name; })) {
        map.Fail("name", "this key is here twice");
      }
    }
    if (auto algorithm = map.Text("algorithm")) {
      key.algorithm = *std::move(algorithm);
      if (std::find(std::begin(kAlgorithms), std::end(kAlgorithms), key.algorithm) ==
          std::end(kAlgorithms)) {
        map.Fail("algorithm", fmt::format("'{}' is not possible; possible are: {}", key.algorithm,
                                          fmt::join(kAlgorithms, ", ")));
      }
    }
    if (auto file = map.Text("secret_file")) key.secret_file = *std::move(file);
    for (const char* needed : {"name", "secret_file"}) {
      if (!map.Has(needed)) map.Fail(needed, "is missing");
    }
    map.RejectUnknown();
    keys.push_back(std::move(key));
  }
}

std::string TsigKeysToYaml(const std::vector<TsigKeyConfig>& keys) {
  if (keys.empty()) return "";
  std::string out = "tsig:\n";
  for (const TsigKeyConfig& key : keys) {
    out += fmt::format("  - {{name: {}, algorithm: {}, secret_file: {}}}\n", Quoted(key.name),
                       key.algorithm, Quoted(key.secret_file));
  }
  return out;
}

}  // namespace sealwire::control
