#include "apps/http_doors.h"

#include <ctime>
#include <filesystem>

#include "control/log.h"

namespace sealwire::apps {

using control::Log;
using control::LogLevel;

namespace {

constexpr std::int64_t kSoon = 14 * 86400;

net::HttpLimits LimitsOf(const control::HttpDoorConfig& door) {
  net::HttpLimits limits;
  limits.connections = door.connections;
  limits.per_client = door.per_client;
  return limits;
}

Result<std::shared_ptr<const net::TlsContext>> Load(const control::HttpDoorConfig& door) {
  if (!door.tls) return std::shared_ptr<const net::TlsContext>();
  auto tls = net::TlsContext::Load(*door.tls);
  if (tls.ok() && (*tls)->expires() < std::time(nullptr) + kSoon) {
    Log(LogLevel::kWarning, "certificate-expires-soon",
        {{"file", door.tls->certificate}, {"at", std::to_string((*tls)->expires())}});
  }
  return tls;
}

bool IsLoopback(const net::IpAddress& address) {
  const auto octets = address.octets();
  if (!address.IsV6()) return octets[0] == 127;
  return address == *net::IpAddress::FromText("::1");
}

// The folder of the unix socket is ours to make.
Status MakeFolderOf(const std::string& socket) {
  std::error_code error;
  const auto folder = std::filesystem::path(socket).parent_path();
  if (!folder.empty()) std::filesystem::create_directories(folder, error);
  if (error) return Error{folder.string() + ": " + error.message()};
  return Status::Ok();
}

}  // namespace

Result<HttpDoors::Tls> HttpDoors::LoadTls(const control::Config& config) {
  auto control = Load(config.control.door);
  if (!control.ok()) return Error{"control: tls: " + control.error()};
  auto metrics = Load(config.metrics_door);
  if (!metrics.ok()) return Error{"metrics: tls: " + metrics.error()};
  return Tls{*std::move(control), *std::move(metrics)};
}

HttpDoors::HttpDoors(net::EventLoop& loop, const control::Config& config,
                     net::HttpServer::Handler control, net::HttpServer::Handler metrics)
    : control_(loop, std::move(control), LimitsOf(config.control.door)),
      metrics_(loop, std::move(metrics), LimitsOf(config.metrics_door)) {}

Status HttpDoors::Listen(const control::Config& config) {
  if (Status made = MakeFolderOf(config.control.socket); !made.ok()) return made;
  if (Status done = control_.ListenUnix(config.control.socket); !done.ok()) return done;
  if (config.control.http) {
    if (auto at = control_.ListenTcp(*config.control.http); !at.ok()) return Error{at.error()};
    if (!tls_.control && !IsLoopback(config.control.http->address)) {
      Log(LogLevel::kWarning, "control-in-clear",
          {{"address", config.control.http->ToText()},
           {"text", "tokens cross the network as they are: set control.tls"}});
    }
  }
  if (!config.metrics) return Status::Ok();
  if (auto at = metrics_.ListenTcp(*config.metrics); !at.ok()) return Error{at.error()};
  return Status::Ok();
}

void HttpDoors::UseTls(const Tls& tls) {
  tls_ = tls;
  control_.UseTls(tls.control);
  metrics_.UseTls(tls.metrics);
}

void HttpDoors::AddMetrics(control::MetricsText& out) const {
  using Kind = control::MetricsText::Kind;
  const std::pair<const char*, net::HttpCounters> doors[] = {
      {"door=\"control\"", control_.counters()}, {"door=\"metrics\"", metrics_.counters()}};
  const auto add = [&](const char* name, Kind kind, const char* help, auto member) {
    for (const auto& [label, counters] : doors) {
      out.Add(name, kind, help, static_cast<double>(counters.*member), label);
    }
  };
  using net::HttpCounters;
  add("sealwire_http_connections", Kind::kGauge, "HTTP connections that are open.",
      &HttpCounters::open);
  add("sealwire_http_accepted_total", Kind::kCounter, "HTTP connections taken.",
      &HttpCounters::accepted);
  add("sealwire_http_refused_total", Kind::kCounter,
      "HTTP connections refused: no room, or the client had its share.", &HttpCounters::refused);
  add("sealwire_http_displaced_total", Kind::kCounter,
      "Idle or slow HTTP connections closed to make room for others.", &HttpCounters::displaced);
  add("sealwire_http_late_total", Kind::kCounter,
      "HTTP requests and answers ended because they took too long.", &HttpCounters::late);
  const char* const expiry = "When the certificate expires, seconds since 1970.";
  if (tls_.control) {
    out.Add("sealwire_http_certificate_expiry_seconds", Kind::kGauge, expiry,
            static_cast<double>(tls_.control->expires()), "door=\"control\"");
  }
  if (tls_.metrics) {
    out.Add("sealwire_http_certificate_expiry_seconds", Kind::kGauge, expiry,
            static_cast<double>(tls_.metrics->expires()), "door=\"metrics\"");
  }
}

}  // namespace sealwire::apps
