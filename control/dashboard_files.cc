#include "control/dashboard.h"

namespace sealwire::control {
namespace {

struct File {
  std::string_view path;
  std::string_view type;
  const std::string_view& content;
};

const File kFiles[] = {
    {"/", "text/html; charset=utf-8", kDashboardPage},
    {"/dashboard/app.js", "text/javascript; charset=utf-8", kDashboardScript},
    {"/dashboard/style.css", "text/css; charset=utf-8", kDashboardStyle},
};

}  // namespace

std::optional<net::HttpResponse> DashboardFile(const net::HttpRequest& request) {
  if (request.method != "GET") return std::nullopt;
  for (const File& file : kFiles) {
    if (request.path != file.path) continue;
    return net::HttpResponse{
        200,
        {{"Content-Type", std::string(file.type)},
         {"Cache-Control", "no-cache"},
         {"Content-Security-Policy",
          "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src "
          "'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
         {"X-Content-Type-Options", "nosniff"},
         {"Referrer-Policy", "no-referrer"}},
        std::string(file.content)};
  }
  return std::nullopt;
}

}  // namespace sealwire::control
