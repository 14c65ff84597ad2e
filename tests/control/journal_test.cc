#include "control/journal.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

namespace sealwire::control {
namespace {

TEST(Journal, AnEntryHasAFieldForEachFieldOfTheLine) {
  EXPECT_EQ(JournalEntry(LogLevel::kWarning, "api-refused", {{"peer-address", "::1"}}, "the line"),
            "MESSAGE=the line\nPRIORITY=4\nSYSLOG_IDENTIFIER=sealwired\n"
            "SEALWIRE_EVENT=api-refused\nSEALWIRE_PEER_ADDRESS=::1\n");
}

TEST(Journal, AValueWithALineFeedBringsNoFieldOfItsOwn) {
  const std::string entry = JournalEntry(LogLevel::kInfo, "e", {{"path", "a\nPRIORITY=0"}}, "l");
  const std::string wanted =
      std::string("SEALWIRE_PATH\n") + '\x0c' + std::string(7, '\0') + "a\nPRIORITY=0\n";
  EXPECT_TRUE(entry.ends_with(wanted)) << entry;
}

TEST(Journal, OnlyWhereStderrIsItsStream) {
  struct stat status = {};
  ASSERT_EQ(::fstat(STDERR_FILENO, &status), 0);
  const std::string own = fmt::format("{}:{}", status.st_dev, status.st_ino);
  EXPECT_TRUE(Journal::Behind(STDERR_FILENO, own.c_str(), Journal::kSocket).has_value());
  EXPECT_FALSE(Journal::Behind(STDERR_FILENO, (own + "0").c_str(), Journal::kSocket).has_value());
  EXPECT_FALSE(Journal::Behind(STDERR_FILENO, nullptr, Journal::kSocket).has_value());
}

TEST(Journal, AnEntryIsOneDatagramAndAJournalAwayIsTold) {
  const std::string path = testing::TempDir() + "journal" + std::to_string(::getpid());
  struct stat status = {};
  ASSERT_EQ(::fstat(STDERR_FILENO, &status), 0);
  const std::string own = fmt::format("{}:{}", status.st_dev, status.st_ino);
  const auto journal = Journal::Behind(STDERR_FILENO, own.c_str(), path);
  ASSERT_TRUE(journal.has_value());
  EXPECT_FALSE(journal->Send(LogLevel::kInfo, "e", {}, "l"));

  const net::FileDescriptor receiver(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  ASSERT_EQ(::bind(receiver.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  EXPECT_TRUE(journal->Send(LogLevel::kInfo, "e", {}, "l"));
  char got[256];
  const ssize_t size = ::recv(receiver.get(), got, sizeof got, MSG_DONTWAIT);
  ::unlink(path.c_str());
  EXPECT_EQ(std::string(got, static_cast<std::size_t>(size)),
            JournalEntry(LogLevel::kInfo, "e", {}, "l"));
}

}  // namespace
}  // namespace sealwire::control
