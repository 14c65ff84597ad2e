#include "signer/ready_host.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <thread>

namespace sealwire::signer {
namespace {

bool IsNew(const std::string& uevent) {
  return IsNewVmGeneration({reinterpret_cast<const std::uint8_t*>(uevent.data()), uevent.size()});
}

TEST(ReadyHost, KnowsTheKernelsWordForANewVmGeneration) {
  using namespace std::string_literals;
  EXPECT_TRUE(
      IsNew("change@/devices/platform/VMGENCTR:00\0ACTION=change\0SUBSYSTEM=platform\0"
            "NEW_VMGENID=1\0SEQNUM=4711\0"s));
  EXPECT_TRUE(IsNew("NEW_VMGENID=1"s));
  EXPECT_FALSE(IsNew("change@/devices/platform/VMGENCTR:00\0ACTION=change\0SEQNUM=4711\0"s));
  EXPECT_FALSE(IsNew("add@/x\0NAME=NEW_VMGENID=1\0"s));
  EXPECT_FALSE(IsNew("NEW_VMGENID=12\0"s));
  EXPECT_FALSE(IsNew(""s));
  EXPECT_FALSE(IsNew("\0\0\0"s));
}

class BootIdFile {
 public:
  explicit BootIdFile(const std::string& id) {
    const int fd = mkstemp(path_.data());
    close(fd);
    Write(id);
  }
  ~BootIdFile() { unlink(path_.c_str()); }
  void Write(const std::string& id) { std::ofstream(path_) << id << '\n'; }
  const std::string& path() const { return path_; }

 private:
  std::string path_ = "/tmp/sealwire-boot-id-XXXXXX";
};

TEST(ReadyHost, ReportsANewBootIdOnce) {
  BootIdFile file("2be471c1-dbb9-4f6d-86e0-d47eed16fde8");
  HostWatch watch(file.path());
  EXPECT_EQ(watch.WaitForChange(0), "");
  file.Write("00000000-dbb9-4f6d-86e0-d47eed16fde8");
  EXPECT_NE(watch.WaitForChange(0), "");
  EXPECT_EQ(watch.WaitForChange(0), "");
}

TEST(ReadyHost, WithoutABootIdNothingChanges) {
  HostWatch watch("/nonexistent/boot_id");
  EXPECT_EQ(watch.WaitForChange(0), "");
}

TEST(ReadyHost, InterruptEndsTheWait) {
  HostWatch watch;
  std::thread other([&] { watch.Interrupt(); });
  const auto begin = std::chrono::steady_clock::now();
  watch.WaitForChange(60000);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30));
  other.join();
}

}  // namespace
}  // namespace sealwire::signer
