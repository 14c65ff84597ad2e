#include "dpdk/device_spec.h"

#include <gtest/gtest.h>

namespace sealwire::dpdk {
namespace {

TEST(DeviceSpec, ReadsEveryKind) {
  const auto xdp = DeviceSpec::FromText("af_xdp:edge0");
  ASSERT_TRUE(xdp.ok());
  EXPECT_EQ(xdp->kind, DeviceKind::kAfXdp);
  EXPECT_EQ(xdp->name, "edge0");
  EXPECT_EQ(DeviceSpec::FromText("af_packet:eth1.5")->kind, DeviceKind::kAfPacket);
  const auto pci = DeviceSpec::FromText("pci:0000:3b:00.0,mprq_en=1");
  ASSERT_TRUE(pci.ok());
  EXPECT_EQ(pci->kind, DeviceKind::kPci);
  EXPECT_EQ(pci->name, "0000:3b:00.0");
  EXPECT_EQ(pci->arguments, "mprq_en=1");
  const auto vdev = DeviceSpec::FromText("vdev:net_memif0,role=client,socket=/run/m.sock");
  ASSERT_TRUE(vdev.ok());
  EXPECT_EQ(vdev->name, "net_memif0");
  EXPECT_EQ(vdev->arguments, "role=client,socket=/run/m.sock");
}

TEST(DeviceSpec, SaysWhatMayStandThere) {
  for (const char* text :
       {"", "edge0", "af_xdp:", "af_xdp:a-name-that-is-too-long", "af_packet:a/b", "pci:eth0",
        "pci:3b:00", "vdev:", "vdev:,x=1", "dpdk:0"}) {
    const auto spec = DeviceSpec::FromText(text);
    ASSERT_FALSE(spec.ok()) << text;
    EXPECT_NE(spec.error().find("must"), std::string::npos) << spec.error();
  }
}

}  // namespace
}  // namespace sealwire::dpdk
