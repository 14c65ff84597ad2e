#include "signer/secret_region.h"

#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>

namespace sealwire::signer {
namespace {

using Kind = SecretRegion::Kind;

// Runs `body` in a forked child and gives its wait status. The child ends by signal or _exit only.
template <class Body>
int InChild(Body&& body) {
  const pid_t pid = fork();
  if (pid == 0) {
    signal(SIGSEGV, SIG_DFL);  // a sanitizer's handler would turn the signal into an exit status
    signal(SIGBUS, SIG_DFL);
    _exit(body());
  }
  int status = 0;
  EXPECT_EQ(waitpid(pid, &status, 0), pid);
  return status;
}

int Peek(const std::uint8_t* at) {
  return *const_cast<const volatile std::uint8_t*>(at);
}

// The VmFlags of the mapping that holds `at`.
std::string FlagsOf(const void* at) {
  std::ifstream smaps("/proc/self/smaps");
  const auto wanted = reinterpret_cast<std::uintptr_t>(at);
  bool here = false;
  for (std::string line; std::getline(smaps, line);) {
    std::uintptr_t from = 0, to = 0;
    char dash = 0;
    std::istringstream range(line);
    if (range >> std::hex >> from >> dash >> to && dash == '-')
      here = from <= wanted && wanted < to;
    if (here && line.starts_with("VmFlags:")) return line + " ";
  }
  return "";
}

class SecretRegionOfKind : public testing::TestWithParam<Kind> {
 protected:
  SecretRegion Make(std::size_t bytes) {
    auto made = SecretRegion::MakeOfKind(GetParam(), bytes);
    if (!made) return {};
    return std::move(made).value();
  }
  void SetUp() override {
    if (Make(1).kind() == Kind::kNone) GTEST_SKIP() << "this kernel does not offer it";
  }
};

TEST_P(SecretRegionOfKind, HoldsWhatWasAskedForAllZero) {
  SecretRegion region = Make(10000);
  ASSERT_EQ(region.size(), 10000u);
  EXPECT_EQ(region.kind(), GetParam());
  for (std::uint8_t octet : region.bytes()) ASSERT_EQ(octet, 0);
  std::memset(region.data(), 0xa5, region.size());
  EXPECT_EQ(region.bytes()[9999], 0xa5);
}

TEST_P(SecretRegionOfKind, IsNeitherDumpedNorSwapped) {
  const SecretRegion region = Make(4096);
  const std::string flags = FlagsOf(region.data());
  EXPECT_NE(flags.find(" dd "), std::string::npos) << flags;
  EXPECT_NE(flags.find(" lo "), std::string::npos) << flags;
}

TEST_P(SecretRegionOfKind, IsAbsentOrZeroInAChild) {
  SecretRegion region = Make(4096);
  std::memset(region.data(), 0xa5, region.size());
  const int status = InChild([&] { return Peek(region.data()); });
  if (GetParam() == Kind::kSecret) {
    ASSERT_TRUE(WIFSIGNALED(status));
    EXPECT_EQ(WTERMSIG(status), SIGSEGV);
  } else {
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
  }
  EXPECT_EQ(Peek(region.data()), 0xa5) << "the parent keeps its own";
}

TEST_P(SecretRegionOfKind, IsInertInAChild) {
  SecretRegion region = Make(4096);
  const int status = InChild([&] {
    const SecretRegion taken = std::move(region);
    return 7;  // destroys `taken`
  });
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 7);
}

TEST_P(SecretRegionOfKind, HasAGuardOnEitherSide) {
  const SecretRegion region = Make(4096);
  const std::string before = FlagsOf(region.data() - 1);
  const std::string after = FlagsOf(region.data() + 4096);
  EXPECT_EQ(before.find(" rd "), std::string::npos) << before;
  EXPECT_EQ(after.find(" rd "), std::string::npos) << after;
}

TEST_P(SecretRegionOfKind, MovesWithoutCopying) {
  SecretRegion first = Make(64);
  const std::uint8_t* where = first.data();
  SecretRegion second = std::move(first);
  EXPECT_EQ(second.data(), where);
  EXPECT_EQ(first.data(), nullptr);  // NOLINT(bugprone-use-after-move): states what a move leaves
  first = std::move(second);
  EXPECT_EQ(first.data(), where);
}

TEST_P(SecretRegionOfKind, SaysWhatToTypeWhenTheLimitIsTooLow) {
  const int status = InChild([] {
    const rlimit low{65536, 65536};
    if (setrlimit(RLIMIT_MEMLOCK, &low) != 0) return 1;
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct none[2] = {};
    if (syscall(SYS_capset, &header, none) != 0) return 2;
    const auto made = SecretRegion::MakeOfKind(GetParam(), 1u << 20);
    if (made) return 3;
    if (made.error().find("LimitMEMLOCK=infinity") == std::string::npos) return 4;
    if (made.error().find("64 KiB in all") == std::string::npos) return 5;
    return 0;
  });
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

INSTANTIATE_TEST_SUITE_P(Kinds, SecretRegionOfKind, testing::Values(Kind::kSecret, Kind::kLocked),
                         [](const auto& kind) {
                           return std::string(kind.param == Kind::kSecret ? "Secret" : "Locked");
                         });

TEST(SecretRegion, TakesTheBestKindThereIs) {
  const auto best = SecretRegion::Make(1);
  ASSERT_TRUE(best) << best.error();
  const bool has_secret = SecretRegion::MakeOfKind(Kind::kSecret, 1).ok();
  EXPECT_EQ(best->kind(), has_secret ? Kind::kSecret : Kind::kLocked);
}

TEST(SecretRegion, RefusesToBeEmpty) {
  EXPECT_FALSE(SecretRegion::Make(0));
}

}  // namespace
}  // namespace sealwire::signer
