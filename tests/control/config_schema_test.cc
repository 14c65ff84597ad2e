// The published schema and the parser know the same keys.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "control/config.h"

namespace sealwire::control {
namespace {

using nlohmann::json;
using Keys = std::set<std::string>;

// What the parser says it knows beside a key that it does not.
Keys KnownToTheParser(const std::string& yaml, const std::string& path) {
  const auto config = Config::FromText("x", yaml);
  EXPECT_FALSE(config.ok());
  const std::string mark = path + ": unknown key; known here: ";
  const auto at = config.error().find(mark);
  EXPECT_NE(at, std::string::npos) << config.error();
  if (at == std::string::npos) return {};
  const auto first = at + mark.size();
  std::istringstream list(config.error().substr(first, config.error().find('\n', at) - first));
  Keys keys;
  for (std::string key; std::getline(list, key, ',');) {
    keys.insert(key.substr(key.find_first_not_of(' ')));
  }
  return keys;
}

Keys KeysOf(const json& object) {
  Keys keys;
  for (const auto& [key, value] : object["properties"].items()) keys.insert(key);
  return keys;
}

class ConfigSchemaTest : public testing::Test {
 protected:
  const json schema_ = json::parse(kConfigSchema);
  const json& Section(const char* name) const { return schema_["properties"][name]; }
};

TEST_F(ConfigSchemaTest, TopHasTheSameKeys) {
  EXPECT_EQ(KeysOf(schema_), KnownToTheParser("zzz: 1\n", "zzz"));
}

TEST_F(ConfigSchemaTest, EverySectionHasTheSameKeys) {
  for (const auto& [name, section] : schema_["properties"].items()) {
    if (section.value("type", "") != "object" || !section.contains("properties")) continue;
    EXPECT_EQ(KeysOf(section), KnownToTheParser(name + ": {zzz: 1}\n", name + ".zzz")) << name;
  }
  EXPECT_EQ(KeysOf(Section("policies")["additionalProperties"]),
            KnownToTheParser("policies: {p: {zzz: 1}}\n", "policies.p.zzz"));
}

TEST_F(ConfigSchemaTest, EntriesOfListsHaveTheSameKeys) {
  EXPECT_EQ(KeysOf(schema_["$defs"]["token"]), KnownToTheParser("hsm: {zzz: 1}\n", "hsm.zzz"));
  EXPECT_EQ(KeysOf(schema_["$defs"]["tls"]),
            KnownToTheParser("control: {tls: {zzz: 1}}\n", "control.tls.zzz"));
  EXPECT_EQ(KeysOf(Section("control")["properties"]["clients"]["items"]),
            KnownToTheParser("control: {clients: [{zzz: 1}]}\n", "control.clients[0].zzz"));
  EXPECT_EQ(KeysOf(Section("tsig")["items"]),
            KnownToTheParser("tsig: [{zzz: 1}]\n", "tsig[0].zzz"));
}

TEST_F(ConfigSchemaTest, ListenersHaveTheSameKeys) {
  Keys known = KnownToTheParser("listen: [{zzz: 1}]\n", "listen[0].zzz");
  const Keys dpdk = KnownToTheParser("listen: [{io: dpdk, zzz: 1}]\n", "listen[0].zzz");
  known.insert(dpdk.begin(), dpdk.end());
  EXPECT_EQ(KeysOf(Section("listen")["items"]), known);
}

// "possible are: a, b" of the parser, for a word that it does not know.
Keys WordsOfTheParser(const std::string& yaml) {
  const auto config = Config::FromText("x", yaml);
  const std::string mark = "is not possible; possible are: ";
  const auto at = config.ok() ? std::string::npos : config.error().find(mark);
  if (at == std::string::npos) return {};
  const auto first = at + mark.size();
  std::istringstream list(config.error().substr(first, config.error().find('\n', at) - first));
  Keys words;
  for (std::string word; std::getline(list, word, ',');) {
    words.insert(word.substr(word.find_first_not_of(' ')));
  }
  return words;
}

TEST_F(ConfigSchemaTest, WordsAreTheSame) {
  int compared = 0;
  for (const auto& [name, section] : schema_["properties"].items()) {
    if (!section.contains("properties")) continue;
    for (const auto& [key, value] : section["properties"].items()) {
      if (!value.contains("enum")) continue;
      ++compared;
      EXPECT_EQ(value["enum"].get<Keys>(), WordsOfTheParser(name + ": {" + key + ": zzz}\n"))
          << name << "." << key;
    }
  }
  EXPECT_GE(compared, 3);
  EXPECT_EQ(Section("policies")["additionalProperties"]["properties"]["denial"]["enum"].get<Keys>(),
            WordsOfTheParser("policies: {p: {denial: zzz}}\n"));
  EXPECT_EQ(Section("listen")["items"]["properties"]["io"]["enum"].get<Keys>(),
            WordsOfTheParser("listen: [{io: zzz}]\n"));
}

}  // namespace
}  // namespace sealwire::control
