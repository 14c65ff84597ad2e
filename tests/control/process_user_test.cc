// Each case in a process of its own: there is no way back.
#include "control/process_user.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

namespace sealwire::control {
namespace {

// 0 when `what` holds in a child.
int InChild(const std::function<bool()>& what) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(what() ? 0 : 1);
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

class ProcessUserTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root: there is something to give up";
  }
};

TEST_F(ProcessUserTest, EveryThreadBecomesTheUserForGood) {
  EXPECT_EQ(InChild([] {
              const auto user = ProcessUser::Find("nobody", "");
              std::atomic<bool> changed{false};
              std::atomic<bool> held{true};
              std::thread other([&] {
                while (!changed) std::this_thread::yield();
                held = ::geteuid() == user->uid && ::getegid() == user->gid && ::setuid(0) != 0;
              });
              const bool became = user.ok() && user->Become().ok();
              changed = true;
              other.join();
              return became && held && ::setresuid(0, 0, 0) != 0 &&
                     ::access("/etc/shadow", R_OK) != 0;
            }),
            0);
}

TEST_F(ProcessUserTest, AUserThatIsThereAlreadyIsNoError) {
  EXPECT_EQ(InChild([] {
              const auto user = ProcessUser::Find("nobody", "");
              return user.ok() && user->Become().ok() && ProcessUser::Find("nobody", "").ok() &&
                     user->Become().ok();
            }),
            0);
}

TEST_F(ProcessUserTest, OnlyRootBecomesAnother) {
  EXPECT_EQ(InChild([] {
              const auto user = ProcessUser::Find("nobody", "");
              if (!user.ok() || !user->Become().ok()) return false;
              const auto other = ProcessUser::Find("daemon", "");
              return !other.ok() && other.error().find("only root") != std::string::npos;
            }),
            0);
}

TEST_F(ProcessUserTest, SaysWhoIsNotThere) {
  const auto unknown = ProcessUser::Find("no-such-user-here", "");
  ASSERT_FALSE(unknown.ok());
  EXPECT_NE(unknown.error().find("'no-such-user-here'"), std::string::npos);
  const auto group = ProcessUser::Find("nobody", "no-such-group-here");
  ASSERT_FALSE(group.ok());
  EXPECT_NE(group.error().find("'no-such-group-here'"), std::string::npos);
  EXPECT_FALSE(ProcessUser::Find("root", "").ok());
}

TEST_F(ProcessUserTest, NoProgramGivesNewRights) {
  EXPECT_EQ(InChild([] {
              const auto user = ProcessUser::Find("nobody", "");
              return user.ok() && user->RefuseNewRights().ok() &&
                     ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 &&
                     std::getenv("HOME") == user->home;
            }),
            0);
}

TEST_F(ProcessUserTest, ActingIsOverWhenTheWorkIsDone) {
  EXPECT_EQ(InChild([] {
              const auto user = ProcessUser::Find("nobody", "");
              bool was = false;
              const bool done = user.ok() && user->Acting([&] {
                                                   was = ::geteuid() == user->uid &&
                                                         ::getegid() == user->gid &&
                                                         ::eaccess("/etc/shadow", R_OK) != 0;
                                                   return Status::Ok();
                                                 })
                                                 .ok();
              return done && was && ::geteuid() == 0 && ::getegid() == 0 &&
                     ::eaccess("/etc/shadow", R_OK) == 0;
            }),
            0);
}

class ProcessUserFiles : public ProcessUserTest {
 protected:
  void SetUp() override {
    ProcessUserTest::SetUp();
    std::string pattern = "/tmp/sealwire-user-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    ::chmod(folder_.c_str(), 0755);
    const auto user = ProcessUser::Find("nobody", "");
    ASSERT_TRUE(user.ok());
    user_ = *user;
  }
  void TearDown() override {
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  std::string Make(const std::string& name, mode_t mode) const {
    const std::string file = folder_ + "/" + name;
    std::ofstream(file) << "secret\n";
    ::chmod(file.c_str(), mode);
    return file;
  }

  // What `check` says as the user; empty: nothing is wrong.
  std::string Said(Status (ProcessUser::*check)(const std::string&) const,
                   const std::string& file) const {
    const Status status = user_.Acting([&] { return (user_.*check)(file); });
    return status.ok() ? "" : status.error();
  }

  std::string folder_;
  ProcessUser user_;
};

TEST_F(ProcessUserFiles, MakesFoldersForTheUserAndLeavesThoseThatAreThere) {
  EXPECT_TRUE(user_.MakeFolderOf(folder_ + "/state.db").ok());
  EXPECT_TRUE(user_.MakeFolderOf(folder_ + "/new/state.db").ok());
  struct stat there {};
  struct stat made {};
  ASSERT_EQ(::stat(folder_.c_str(), &there), 0);
  ASSERT_EQ(::stat((folder_ + "/new").c_str(), &made), 0);
  EXPECT_EQ(there.st_uid, 0u);
  EXPECT_EQ(made.st_uid, user_.uid);
  EXPECT_EQ(made.st_mode & 0777, 0750u);
}

TEST_F(ProcessUserFiles, SaysWhatCannotBeReadAndWhatToType) {
  const std::string file = Make("pin", 0600);
  EXPECT_EQ(Said(&ProcessUser::CheckRead, file), file + ": user 'nobody' may not read it: chgrp " +
                                                     user_.group + " " + file + " && chmod g+r " +
                                                     file);
  ASSERT_TRUE(user_.Give(file).ok());
  EXPECT_EQ(Said(&ProcessUser::CheckRead, file), "");
  ::chmod(folder_.c_str(), 0700);
  EXPECT_EQ(Said(&ProcessUser::CheckRead, file), file + ": user 'nobody' may not enter " + folder_ +
                                                     ": chgrp " + user_.group + " " + folder_ +
                                                     " && chmod g+x " + folder_);
  ::chmod(folder_.c_str(), 0755);
  EXPECT_EQ(Said(&ProcessUser::CheckRead, folder_ + "/not-there"), "");
}

TEST_F(ProcessUserFiles, SaysWhatCannotBeWritten) {
  const std::string file = Make("state.db", 0600);
  EXPECT_NE(Said(&ProcessUser::CheckWrite, file).find("may not write in " + folder_),
            std::string::npos);
  ASSERT_EQ(::chown(folder_.c_str(), user_.uid, user_.gid), 0);
  EXPECT_EQ(Said(&ProcessUser::CheckWrite, file),
            file + ": user 'nobody' may not write it: chown -R nobody " + file);
  EXPECT_EQ(Said(&ProcessUser::CheckWrite, folder_ + "/not-there"), "");
}

}  // namespace
}  // namespace sealwire::control
