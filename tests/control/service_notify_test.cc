#include "control/service_notify.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string>

#include "net/file_descriptor.h"

namespace sealwire::control {
namespace {

TEST(ServiceNotify, SaysItToTheSocketOfTheService) {
  const std::string path = testing::TempDir() + "notify-" + std::to_string(::getpid());
  ::unlink(path.c_str());
  const net::FileDescriptor fd(::socket(AF_UNIX, SOCK_DGRAM, 0));
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
  NotifyService("READY=1");
  ::unsetenv("NOTIFY_SOCKET");
  char text[64] = {};
  EXPECT_EQ(::recv(fd.get(), text, sizeof text, MSG_DONTWAIT), 7);
  EXPECT_STREQ(text, "READY=1");
  ::unlink(path.c_str());
}

}  // namespace
}  // namespace sealwire::control
