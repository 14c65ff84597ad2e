#include "control/dashboard.h"

#include <gtest/gtest.h>

namespace sealwire::control {
namespace {

net::HttpRequest Get(const char* path, const char* method = "GET") {
  net::HttpRequest request;
  request.method = method;
  request.path = path;
  return request;
}

TEST(Dashboard, ItsFilesNeedNoTokenAndRunOnlyTheirOwnScript) {
  for (const char* path : {"/", "/dashboard/app.js", "/dashboard/style.css"}) {
    const auto file = DashboardFile(Get(path));
    ASSERT_TRUE(file.has_value()) << path;
    EXPECT_EQ(file->status, 200);
    EXPECT_FALSE(file->body.empty());
    bool restricted = false;
    for (const auto& [name, value] : file->headers) {
      restricted |= name == "Content-Security-Policy" && value.starts_with("default-src 'none'") &&
                    value.find("unsafe") == std::string::npos;
    }
    EXPECT_TRUE(restricted) << path;
  }
}

TEST(Dashboard, OtherPathsAndMethodsAreTheApis) {
  EXPECT_FALSE(DashboardFile(Get("/v1/zones")).has_value());
  EXPECT_FALSE(DashboardFile(Get("/dashboard/../v1/zones")).has_value());
  EXPECT_FALSE(DashboardFile(Get("/", "POST")).has_value());
}

}  // namespace
}  // namespace sealwire::control
