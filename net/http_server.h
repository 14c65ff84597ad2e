// A small HTTP/1.1 server (RFC 9112) for the control API and the metrics page, in clear or in TLS:
// requests whole in memory, responses at once, later, or streamed (server-sent events).
//
// Threading: the server and its handler live in the thread of their EventLoop. An HttpReply may be
// used from any thread; it posts to the loop. Ownership: the handler gets the request to keep.
// Errors: Listen() says which address, why, and what to do. Limits: header, body, what a slow
// reader of a stream may leave unread, the time that each part of an exchange may take, and
// connections, of each client and in all (decision 0200).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "dns/result.h"
#include "net/address.h"
#include "net/event_loop.h"
#include "net/http_message.h"
#include "net/tls_context.h"

namespace sealwire::net {

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
  std::chrono::seconds idle{30};     // without an octet from a peer that should speak, or listen
  std::chrono::seconds request{60};  // from the first octet of a request to its last
  std::chrono::seconds answer{120};  // from an answer to its last octet taken
  std::size_t connections = 512;     // for each listening socket
  std::size_t per_client = 64;       // an IPv4 address or an IPv6 /64
};

// Since the start, but for `open`.
struct HttpCounters {
  std::uint64_t open = 0;
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;    // there was no room, or the client had its share
  std::uint64_t displaced = 0;  // slow or idle, closed to make room
  std::uint64_t late = 0;       // a deadline passed in the midst of a request or an answer
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
  // What TCP connections are wrapped in from the next one on; null: they are in clear.
  void UseTls(std::shared_ptr<const TlsContext> tls);
  // Makes the socket with mode 0660. A socket file that nobody listens on is replaced; one that is
  // in use, or another kind of file, is an error. The file is removed with the server.
  Status ListenUnix(const std::string& path);

  HttpCounters counters() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sealwire::net
