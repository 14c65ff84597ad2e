#include "control/apply_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "control/record_json.h"

namespace sealwire::control {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr const char* kFile = R"(zones:
  - {name: Example.COM., backend: {forward: ["192.0.2.1", "192.0.2.2:5300"]}, policy: short, dnssec: on}
  - {name: file.example, backend: {file: /srv/file.example.zone}}
)";

TEST(ApplyPlan, ReadsZonesAndNormalizesTheirNames) {
  const auto wishes = ParseZoneWishes("z.yaml", kFile);
  ASSERT_TRUE(wishes.ok()) << wishes.error();
  ASSERT_EQ(wishes->size(), 2u);
  EXPECT_EQ((*wishes)[0].name, "example.com");
  EXPECT_EQ((*wishes)[0].backend.servers[0].ToText(), "192.0.2.1:53");
  EXPECT_EQ((*wishes)[0].policy, "short");
  EXPECT_EQ((*wishes)[0].dnssec, true);
  EXPECT_EQ((*wishes)[1].backend.kind, BackendKind::kFile);
  EXPECT_FALSE((*wishes)[1].dnssec.has_value());
}

TEST(ApplyPlan, BackendsThatAreAskedAreToldWhoAsksAndMayHaveAKey) {
  const auto wishes = ParseZoneWishes(
      "z.yaml",
      "zones: [{name: a.example, backend: {forward: ['192.0.2.1'], client_address: proxy, tsig: "
      "Edge.Example.}}]");
  ASSERT_TRUE(wishes.ok()) << wishes.error();
  const BackendSpec& backend = (*wishes)[0].backend;
  EXPECT_EQ(backend.client_address, proxy::ClientAddress::kProxy);
  EXPECT_EQ(backend.tsig, "edge.example");
  const auto again = BackendFromJson(BackendToJson(backend));
  ASSERT_TRUE(again.ok()) << again.error();
  EXPECT_EQ(*again, backend);
  for (const char* text :
       {R"({"forward":["192.0.2.1"],"client_address":"all"})",
        R"({"forward":["192.0.2.1"],"tsig":7})", R"({"file":"/z","client_address":"ecs"})",
        R"({"transfer":"192.0.2.1","client_address":"ecs"})",
        R"({"file":"/z","tsig":"edge.example"})"}) {
    EXPECT_FALSE(BackendFromJson(json::parse(text)).ok()) << text;
  }
}

TEST(ApplyPlan, FaultsHaveTheirPlace) {
  const auto error = [](const char* yaml) { return ParseZoneWishes("z.yaml", yaml).error(); };
  EXPECT_THAT(error("zones: [{name: a.example, backend: {forward: ['192.0.2.1'], file: /z}}]"),
              HasSubstr("give exactly one of forward, transfer and file"));
  EXPECT_THAT(error("zones:\n- {name: a.example, backend: {file: z}}"),
              HasSubstr("z.yaml:2:37: zones[0].backend.file: must be an absolute path"));
  EXPECT_THAT(error("zones: [{name: a.example, backend: {transfers: '192.0.2.1'}}]"),
              HasSubstr("zones[0].backend.transfers: unknown key"));
  EXPECT_THAT(error("zones: [{backend: {file: /z}}]"), HasSubstr("zones[0].name: is missing"));
  EXPECT_THAT(error("zones: [{name: a..b, backend: {file: /z}}]"), HasSubstr("zones[0].name"));
  EXPECT_THAT(error("zones: [{name: a, backend: {file: /z}}, {name: A., backend: {file: /z}}]"),
              HasSubstr("this zone is here twice"));
  EXPECT_THAT(error("zones: [{name: a, backend: {file: /z}, dnssec: maybe}]"),
              HasSubstr("on, off"));
  EXPECT_THAT(error("zones: [{name: a, backend: {forward: ['192.0.2.1'], client_address: all}}]"),
              HasSubstr("possible are: ecs, proxy, none"));
  EXPECT_THAT(error("zones: [{name: a, backend: {file: /z, client_address: ecs}}]"),
              HasSubstr("goes with forward only"));
  EXPECT_THAT(error("zones: [{name: a, backend: {file: /z, tsig: edge.example}}]"),
              HasSubstr("goes with forward and transfer only"));
  EXPECT_THAT(error("{}"), HasSubstr("zones: is missing"));
}

TEST(ApplyPlan, NothingIsDoneTwice) {
  const auto wishes = ParseZoneWishes("z.yaml", kFile);
  const ZoneWish& wish = (*wishes)[0];
  EXPECT_EQ(PlanFor(wish, nullptr).ToText(), "create, DNSSEC on");
  json zone = {{"backend", {{"forward", {"192.0.2.1:53", "192.0.2.2:5300"}}}},
               {"policy", "short"},
               {"dnssec", {{"enabled", true}, {"status", "pending"}}}};
  EXPECT_TRUE(PlanFor(wish, zone).Empty());
  zone["dnssec"]["enabled"] = false;
  EXPECT_EQ(PlanFor(wish, zone).ToText(), "DNSSEC on");
  zone["policy"] = "default";
  EXPECT_EQ(PlanFor(wish, zone).ToText(), "change, DNSSEC on");
}

TEST(ApplyPlan, DnssecThatIsNotMentionedIsLeftAlone) {
  const auto wishes = ParseZoneWishes("z.yaml", kFile);
  const json zone = {{"backend", {{"file", "/srv/file.example.zone"}}},
                     {"policy", "default"},
                     {"dnssec", {{"enabled", true}}}};
  EXPECT_TRUE(PlanFor((*wishes)[1], zone).Empty());
}

}  // namespace
}  // namespace sealwire::control
