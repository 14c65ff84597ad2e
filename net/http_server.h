// A small HTTP/1.1 server (RFC 9112) for the control API and the metrics page: requests whole in
// memory, responses at once, later, or streamed (server-sent events).
//
// Threading: the server and its handler live in the thread of their EventLoop. An HttpReply may be
// used from any thread; it posts to the loop. Ownership: the handler gets the request to keep.
// Errors: Listen() says which address, why, and what to do. Limits: header, body, the time a peer
// may take, and what a slow reader of a stream may leave unread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dns/result.h"
#include "net/address.h"
#include "net/event_loop.h"

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
  std::string peer_address;               // "192.0.2.1:4711"; "unix" for a unix socket
  std::optional<std::uint32_t> peer_uid;  // of the process at the other end of a unix socket

  // The first of that name, or null. Header names are compared without regard to case.
  const std::string* Header(std::string_view name) const;
  const std::string* Query(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  HttpHeaders headers;
  std::string body;
};

// Where the answer to one request goes. Copies stand for the same request; when the last is gone
// without an answer, the peer gets 500. After the peer went away all calls do nothing.
class HttpReply {
 public:
  // The whole answer. Only the first Send() or Start() counts.
  void Send(HttpResponse response) const;

  // A stream: status, headers and first part of the body; then Write() as often as there is news;
  // End() at last. A peer that leaves more than HttpLimits::stream_buffer unread is cut off.
  void Start(HttpResponse head) const;
  void Write(std::string part) const;
  void End() const;

  // False once the peer is known to be gone, or the answer is complete. A peer that leaves is
  // noticed at once during a stream; one that waits for a Send() when it is answered.
  bool open() const noexcept;
  // `closed` runs once in the loop's thread when the peer goes away before the answer is complete.
  // Loop thread only; call it from the handler.
  void OnClose(std::function<void()> closed) const;

 private:
  friend class HttpServer;
  class State;
  explicit HttpReply(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

struct HttpLimits {
  std::size_t header_bytes = 16u << 10;
  std::size_t body_bytes = 4u << 20;
  std::size_t stream_buffer = 1u << 20;
  std::chrono::seconds idle{30};  // without an octet from a peer that should speak
};

class HttpServer {
 public:
  using Handler = std::function<void(HttpRequest request, HttpReply reply)>;

  HttpServer(EventLoop& loop, Handler handler, HttpLimits limits = {});
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Port 0 takes a free one. Gives the endpoint that is listened on.
  Result<Endpoint> ListenTcp(const Endpoint& endpoint);
  // Makes the socket with mode 0660. A socket file that nobody listens on is replaced; one that is
  // in use, or another kind of file, is an error. The file is removed with the server.
  Status ListenUnix(const std::string& path);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sealwire::net
