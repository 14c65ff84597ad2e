// One HTTP request between its connection and the handler: keeps the two in step when the peer, the
// handler and the server may each go first. For net/http_server.cc and net/http_connection.cc
// alone.
//
// Threading: the loop's thread, except open() and the faces made of it (HttpReply). Ownership: the
// connection is borrowed, and let go of when either has nothing more to say.
#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "net/http_message.h"

namespace sealwire::net {

class HttpConnection;

class HttpExchange {
 public:
  explicit HttpExchange(HttpConnection& connection) noexcept : connection_(&connection) {}
  HttpExchange(const HttpExchange&) = delete;
  HttpExchange& operator=(const HttpExchange&) = delete;

  void Send(const HttpResponse& response);
  void Start(const HttpResponse& head);
  void Write(const std::string& part);
  void End();
  // Nobody is left to answer.
  void Abandon();
  void OnClose(std::function<void()> closed) { closed_ = std::move(closed); }

  // The connection is gone.
  void Closed();

  bool open() const noexcept { return open_.load(std::memory_order_acquire); }

 private:
  // The connection, which goes on without this exchange; null when there is none any more.
  HttpConnection* Release();

  HttpConnection* connection_;
  bool streaming_ = false;
  std::function<void()> closed_;
  std::atomic<bool> open_{true};
};

}  // namespace sealwire::net
