// An HTTP request as a handler gets it, and the response it gives.
//
// Threading: values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/peer_certificate.h"

namespace sealwire::net {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  enum class Peer : std::uint8_t { kUnix, kTcp };

  std::string method;  // "GET", "PATCH", …
  std::string path;    // as sent, without the query: "/v1/zones/example.com"
  std::vector<std::string>
      segments;       // the path's parts, percent-decoded: {"v1","zones","example.com"}
  HttpHeaders query;  // percent-decoded parameters in order
  HttpHeaders headers;
  std::string body;
  Peer peer = Peer::kTcp;
  std::string peer_address;                    // "192.0.2.1:4711"; "unix" for a unix socket
  std::optional<std::uint32_t> peer_uid;       // of the process at the other end of a unix socket
  std::optional<PeerCertificate> certificate;  // that the client proved to have

  // The first of that name, or null. Header names are compared without regard to case.
  const std::string* Header(std::string_view name) const;
  const std::string* Query(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  HttpHeaders headers;
  std::string body;
};

// Names of fields, and most of what they may say, are compared without regard to case.
bool SameFieldName(std::string_view a, std::string_view b) noexcept;

}  // namespace sealwire::net
