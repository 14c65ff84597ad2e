#include "control/zone_registry.h"

#include <chrono>
#include <cstdio>

#include "control_fixture.h"

namespace sealwire::control {
namespace {

using SlowZoneRegistry = ControlFixture;

// A node of a large hoster: what a start, a page and a toggle cost among a million zones.
TEST_F(SlowZoneRegistry, MillionZonesAreLoadedListedAndToggled) {
  using Clock = std::chrono::steady_clock;
  const auto seconds = [](Clock::time_point since) {
    return std::chrono::duration<double>(Clock::now() - since).count();
  };
  constexpr int kZones = 1'000'000;
  constexpr int kBatch = 10'000;
  for (int first = 0; first < kZones; first += kBatch) {
    Change change;
    for (int i = first; i < first + kBatch; ++i) {
      ZoneRecord zone;
      zone.name = "zone-" + std::to_string(i) + ".example";
      zone.id = store_->NextZoneId();
      zone.backend.servers = {*net::Endpoint::FromText("127.0.0.1:5301")};
      change.put.push_back(std::move(zone));
    }
    ASSERT_TRUE(store_->Commit(change).ok());
  }
  auto since = Clock::now();
  Restart();
  std::printf("load and publish: %.2f s\n", seconds(since));
  ASSERT_EQ(registry_->size(), static_cast<std::size_t>(kZones));
  EXPECT_LT(seconds(since), 60);

  since = Clock::now();
  const ZonePage page = registry_->List("zone-5", 100, std::nullopt, "");
  EXPECT_EQ(page.zones.size(), 100u);
  EXPECT_TRUE(page.more);
  std::printf("a page: %.6f s\n", seconds(since));
  EXPECT_LT(seconds(since), 0.1);

  since = Clock::now();
  EXPECT_EQ(registry_->List("", 100, std::nullopt, "zone-999999").zones.size(), 1u);
  std::printf("a search through all: %.3f s\n", seconds(since));

  since = Clock::now();
  ASSERT_TRUE(Toggle("zone-777777.example", true).ok());
  Settle();
  std::printf("a toggle: %.3f s\n", seconds(since));
  EXPECT_EQ(Record("zone-777777.example").status, ZoneStatus::kPending);
  EXPECT_LT(seconds(since), 2);
}

}  // namespace
}  // namespace sealwire::control
