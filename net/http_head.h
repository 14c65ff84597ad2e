// The head of an HTTP/1.1 request, read strictly: what two readers could understand in two ways is
// refused (RFC 9112 sections 2 to 7).
//
// Threading: pure functions. Errors: the status to refuse with and a sentence.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "net/http_message.h"

namespace sealwire::net {

struct HttpHead {
  std::string method;
  std::string path;   // as sent, without the query
  std::string query;  // as sent
  HttpHeaders headers;
  bool chunked = false;
  std::uint64_t length = 0;       // of the body, unless it is chunked
  bool old_version = false;       // HTTP/1.0: no chunks, one request for a connection
  bool last = false;              // Connection: close
  bool expects_continue = false;  // RFC 9110 section 10.1.1
};

struct HttpRefusal {
  int status = 400;
  const char* why = "";
};

// How many octets of `text` the head with its blank line has; 0: it is not whole. A refusal comes
// as early as an octet shows that this is no request. `seen` octets were looked at before; it
// grows.
std::variant<std::size_t, HttpRefusal> FindEndOfHead(std::string_view text, std::size_t& seen);

// `text` is what FindEndOfHead() found.
std::variant<HttpHead, HttpRefusal> ParseHead(std::string_view text);

}  // namespace sealwire::net
