// Speaks to the control API, over its unix socket or over HTTP: for sealctl. The only door to
// libcurl.
//
// Threading: one owner. Errors: a sentence; an answer that is a problem document is no error here,
// its detail is ApiAnswer::Problem().
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "dns/result.h"

namespace sealwire::control {

struct ApiAnswer {
  int status = 0;
  std::string body;
  std::string etag;

  bool ok() const noexcept { return status >= 200 && status < 300; }
  nlohmann::json Json() const;  // null when the body is none
  // What the problem document says, or the status.
  std::string Problem() const;
};

class ApiClient {
 public:
  // Files for https; what is empty is not used.
  struct Tls {
    std::string ca;           // PEM; else the system's CAs are believed
    std::string certificate;  // of ours
    std::string key;
  };
  // `url` is "unix:/path", "http://host:port" or "https://host:port". The token is the first line
  // of `token_file`; without one (empty) the default file is tried for HTTP, and none is sent over
  // a unix socket or beside a certificate.
  static Result<ApiClient> Create(const std::string& url, const std::string& token_file,
                                  const Tls& tls);
  ~ApiClient();
  ApiClient(ApiClient&&) noexcept;
  ApiClient& operator=(ApiClient&&) noexcept;

  // `path` begins with "/v1" and is percent-encoded. `create_only`
  // sends If-None-Match: *.
  struct Request {
    std::string method = "GET";
    std::string path;
    std::optional<std::string> body;  // JSON
    bool create_only = false;
  };
  Result<ApiAnswer> Call(const Request& request);

  // Why, for the history of what is changed from now on; empty: not said.
  void UseReason(const std::string& reason);

  // One segment of a path.
  static std::string Encode(const std::string& segment);

 private:
  struct Impl;
  explicit ApiClient(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sealwire::control
