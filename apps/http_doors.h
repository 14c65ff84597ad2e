// The listeners for HTTP, as the configuration wants them: the control API's (a unix socket, and
// TCP where asked for) and the metrics page's.
//
// Threading: the control thread. Ownership: the handlers' objects are borrowed and outlive the
// doors. Errors: sentences with the file or the address.
#pragma once

#include <memory>

#include "control/config.h"
#include "control/metrics_page.h"
#include "net/http_server.h"

namespace sealwire::apps {

class HttpDoors {
 public:
  // What the files hold at this moment; null where a door is in clear.
  struct Tls {
    std::shared_ptr<const net::TlsContext> control;
    std::shared_ptr<const net::TlsContext> metrics;
  };
  static Result<Tls> LoadTls(const control::Config& config);

  HttpDoors(net::EventLoop& loop, const control::Config& config, net::HttpServer::Handler control,
            net::HttpServer::Handler metrics);
  Status Listen(const control::Config& config);
  // For connections from now on.
  void UseTls(const Tls& tls);
  void AddMetrics(control::MetricsText& out) const;

 private:
  net::HttpServer control_;
  net::HttpServer metrics_;
  Tls tls_;
};

}  // namespace sealwire::apps
