#include "proxy/zone_image.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "proxy/zone_file.h"

namespace sealwire::proxy {
namespace {

constexpr const char* kZone =
    "$TTL 300\n@ SOA ns hostmaster 5 3600 600 86400 60\n@ NS ns\nns A 192.0.2.1\n"
    "*.w TXT \"any\"\nb.ent 60 A 192.0.2.2\ncut NS ns.cut\nns.cut A 192.0.2.3\n";

class ZoneImageFile : public testing::Test {
 protected:
  ~ZoneImageFile() override { std::filesystem::remove(path_); }
  dns::Name apex_ = *dns::Name::FromText("zone.example");
  std::shared_ptr<const LocalZone> zone_ = *ParseZoneText(kZone, apex_, "test");
  std::string path_ = testing::TempDir() + "sealwire-image-" + std::to_string(::getpid());
};

std::size_t RecordsIn(const LocalZone& a, const LocalZone& b) {
  std::size_t same = 0;
  a.ForEachNode([&](const LocalZone::Node& node) {
    node.ForEachRRset([&](const dns::RRsetView& rrset) {
      const auto* other = b.Exact(node.owner());
      const auto found = other == nullptr ? std::nullopt : other->Find(rrset.type);
      if (found && found->ttl == rrset.ttl && dns::Equal(found->rdata, rrset.rdata)) {
        same += rrset.count;
      }
    });
  });
  return same;
}

TEST_F(ZoneImageFile, IsReadAsItWasWritten) {
  ASSERT_TRUE(WriteZoneImage(path_, *zone_, 1700000000).ok());
  auto image = ReadZoneImage(path_, apex_);
  ASSERT_TRUE(image.ok()) << image.error();
  EXPECT_EQ(image->confirmed_at, 1700000000);
  EXPECT_EQ(image->zone->record_count(), zone_->record_count());
  EXPECT_EQ(RecordsIn(*zone_, *image->zone), zone_->record_count());
  ASSERT_TRUE(ConfirmZoneImage(path_, 0x100000001).ok());
  image = ReadZoneImage(path_, apex_);
  ASSERT_TRUE(image.ok());
  EXPECT_EQ(image->confirmed_at, 0x100000001);
}

TEST_F(ZoneImageFile, ThatIsDamagedOrCutIsRefused) {
  ASSERT_TRUE(WriteZoneImage(path_, *zone_, 1).ok());
  const auto size = std::filesystem::file_size(path_);
  for (std::uintmax_t at = 16; at < size; at += 7) {
    ASSERT_TRUE(WriteZoneImage(path_, *zone_, 1).ok());
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(at));
    const char changed = static_cast<char>(file.get() ^ 1);
    file.seekp(static_cast<std::streamoff>(at));
    file.put(changed);
    file.close();
    EXPECT_FALSE(ReadZoneImage(path_, apex_).ok()) << at;
  }
  for (const std::uintmax_t kept : {std::uintmax_t{0}, std::uintmax_t{20}, size - 1}) {
    ASSERT_TRUE(WriteZoneImage(path_, *zone_, 1).ok());
    std::filesystem::resize_file(path_, kept);
    EXPECT_FALSE(ReadZoneImage(path_, apex_).ok()) << kept;
  }
}

}  // namespace
}  // namespace sealwire::proxy
