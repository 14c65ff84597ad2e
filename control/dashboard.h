// The dashboard's files, built into the program. They hold nothing secret: a browser gets them
// without a token, and the page asks for one before it calls /v1.
//
// Threading: constants and a pure function.
#pragma once

#include <optional>
#include <string_view>

#include "net/http_server.h"

namespace sealwire::control {

extern const std::string_view kDashboardPage;
extern const std::string_view kDashboardScript;
extern const std::string_view kDashboardStyle;

// The file that `request` asks for; nothing when it is no GET for one.
std::optional<net::HttpResponse> DashboardFile(const net::HttpRequest& request);

}  // namespace sealwire::control
