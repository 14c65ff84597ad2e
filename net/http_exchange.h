// One HTTP request between libevent and the handler: keeps the two in step when the peer, the
// handler and the server may each go first. For net/http_server.cc alone.
//
// Threading: the loop's thread, except open() and the faces made of it (HttpReply). Ownership: the
// libevent request is ours from dispatch to the end of the answer; libevent frees it with the
// answer, or here when the connection went first.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <string>

#include "net/http_server.h"

struct evhttp_connection;
struct evhttp_request;

namespace sealwire::net {

class HttpExchange {
 public:
  // While the handler works the peer need not speak: no read timeout applies until the answer is
  // complete.
  HttpExchange(evhttp_request* request, const HttpLimits& limits);
  HttpExchange(const HttpExchange&) = delete;
  HttpExchange& operator=(const HttpExchange&) = delete;

  void Send(const HttpResponse& response);
  void Start(const HttpResponse& head);
  void Write(const std::string& part);
  void End();
  // Nobody is left to answer.
  void Abandon();
  void OnClose(std::function<void()> closed) { closed_ = std::move(closed); }

  bool open() const noexcept { return open_.load(std::memory_order_acquire); }

 private:
  static void OnConnectionClosed(evhttp_connection* connection, void* self);
  void PutHead(const HttpResponse& response);
  void SetReadTimeout(bool on);
  // Hands the request back to libevent, which frees it with what is sent last.
  evhttp_request* Release();

  evhttp_request* request_;
  HttpLimits limits_;
  bool streaming_ = false;
  std::function<void()> closed_;
  std::atomic<bool> open_{true};
};

}  // namespace sealwire::net
