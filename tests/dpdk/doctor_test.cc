#include "dpdk/doctor.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace sealwire::dpdk {
namespace {

EdgeOptions For(const std::string& device) {
  EdgeOptions options;
  options.device = device;
  options.addresses = {*net::IpAddress::FromText("192.0.2.53")};
  return options;
}

const Finding* FindAbout(const std::vector<Finding>& findings, const std::string& text) {
  const auto found = std::find_if(findings.begin(), findings.end(), [&](const Finding& finding) {
    return finding.what.find(text) != std::string::npos;
  });
  return found == findings.end() ? nullptr : &*found;
}

TEST(Doctor, EveryFaultComesWithARemedy) {
  for (const char* device : {"nonsense", "af_xdp:nosuchif0", "af_packet:nosuchif0",
                             "pci:ffff:ff:1f.7", "vdev:net_nosuch0"}) {
    const auto findings = Examine(For(device));
    bool fault = false;
    for (const Finding& finding : findings) {
      fault = fault || finding.level == Finding::Level::kFault;
      EXPECT_EQ(finding.level == Finding::Level::kGood, finding.remedy.empty()) << finding.what;
    }
    EXPECT_TRUE(fault) << device;
  }
}

TEST(Doctor, NamesTheMissingInterfaceAndDevice) {
  EXPECT_NE(FindAbout(Examine(For("af_xdp:nosuchif0")), "no interface nosuchif0"), nullptr);
  EXPECT_NE(FindAbout(Examine(For("pci:ffff:ff:1f.7")), "no PCI device ffff:ff:1f.7"), nullptr);
}

TEST(Doctor, SeesAnAddressThatNobodyHas) {
  const auto findings = Examine(For("af_packet:lo"));
  const Finding* finding = FindAbout(findings, "192.0.2.53 is no address of this host");
  ASSERT_NE(finding, nullptr);
  EXPECT_NE(finding->remedy.find("ip addr add 192.0.2.53/32 dev lo"), std::string::npos);
  auto options = For("af_packet:lo");
  options.addresses = {*net::IpAddress::FromText("127.0.0.1")};
  EXPECT_EQ(FindAbout(Examine(options), "no address of this host"), nullptr);
}

TEST(Doctor, SeesCpusThatAreNotThere) {
  auto options = For("vdev:net_null0");
  options.eal = {"-l", "1000"};
  EXPECT_NE(FindAbout(Examine(options), "CPU 1000 is not there"), nullptr);
}

TEST(Doctor, FindsAnInstalledDriver) {
  const auto findings = Examine(For("vdev:net_null0"));
  const Finding* finding = FindAbout(findings, "driver net_null");
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->level, Finding::Level::kGood);
}

}  // namespace
}  // namespace sealwire::dpdk
