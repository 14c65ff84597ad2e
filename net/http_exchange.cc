#include "net/http_exchange.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>

#include <memory>
#include <utility>

namespace sealwire::net {

namespace {

struct FreeBuffer {
  void operator()(evbuffer* buffer) const noexcept { evbuffer_free(buffer); }
};
using BufferPtr = std::unique_ptr<evbuffer, FreeBuffer>;

BufferPtr ToBuffer(const std::string& text) {
  BufferPtr buffer(evbuffer_new());
  if (buffer) evbuffer_add(buffer.get(), text.data(), text.size());
  return buffer;
}

bool WantsBody(evhttp_request* request) {
  return evhttp_request_get_command(request) != EVHTTP_REQ_HEAD;
}

}  // namespace

HttpExchange::HttpExchange(evhttp_request* request, const HttpLimits& limits)
    : request_(request), limits_(limits) {
  evhttp_connection_set_closecb(evhttp_request_get_connection(request), &OnConnectionClosed, this);
  SetReadTimeout(false);
}

void HttpExchange::SetReadTimeout(bool on) {
  bufferevent* buffer = evhttp_connection_get_bufferevent(evhttp_request_get_connection(request_));
  const timeval idle{static_cast<time_t>(limits_.idle.count()), 0};
  bufferevent_set_timeouts(buffer, on ? &idle : nullptr, &idle);
}

void HttpExchange::OnConnectionClosed(evhttp_connection*, void* self_pointer) {
  auto* self = static_cast<HttpExchange*>(self_pointer);
  evhttp_request* request = std::exchange(self->request_, nullptr);
  if (request == nullptr) return;
  // When the peer went away libevent has cut the request from its connection and left it to us; in
  // all other cases the connection frees it right after this call.
  if (evhttp_request_get_connection(request) == nullptr) evhttp_request_free(request);
  self->open_.store(false, std::memory_order_release);
  if (self->closed_) std::exchange(self->closed_, nullptr)();
}

evhttp_request* HttpExchange::Release() {
  evhttp_connection_set_closecb(evhttp_request_get_connection(request_), nullptr, nullptr);
  SetReadTimeout(true);
  open_.store(false, std::memory_order_release);
  closed_ = nullptr;
  return std::exchange(request_, nullptr);
}

void HttpExchange::PutHead(const HttpResponse& response) {
  evkeyvalq* headers = evhttp_request_get_output_headers(request_);
  // libevent refuses a header that holds a line break, and so nobody can add one of their own.
  for (const auto& [name, value] : response.headers) {
    evhttp_add_header(headers, name.c_str(), value.c_str());
  }
}

void HttpExchange::Send(const HttpResponse& response) {
  if (request_ == nullptr || streaming_) return;
  PutHead(response);
  const bool body = WantsBody(request_);
  if (!body) {
    evhttp_add_header(evhttp_request_get_output_headers(request_), "Content-Length",
                      std::to_string(response.body.size()).c_str());
  }
  const BufferPtr buffer = body ? ToBuffer(response.body) : nullptr;
  evhttp_send_reply(Release(), response.status, nullptr, buffer.get());
}

void HttpExchange::Start(const HttpResponse& head) {
  if (request_ == nullptr || streaming_) return;
  PutHead(head);
  streaming_ = true;
  evhttp_send_reply_start(request_, head.status, nullptr);
  if (!head.body.empty()) Write(head.body);
}

void HttpExchange::Write(const std::string& part) {
  if (request_ == nullptr || !streaming_) return;
  evhttp_connection* connection = evhttp_request_get_connection(request_);
  evbuffer* unread = bufferevent_get_output(evhttp_connection_get_bufferevent(connection));
  if (evbuffer_get_length(unread) + part.size() > limits_.stream_buffer) {
    evhttp_connection_free(connection);  // calls OnConnectionClosed
    return;
  }
  const BufferPtr buffer = ToBuffer(part);
  if (buffer) evhttp_send_reply_chunk(request_, buffer.get());
}

void HttpExchange::End() {
  if (request_ == nullptr || !streaming_) return;
  evhttp_send_reply_end(Release());
}

void HttpExchange::Abandon() {
  if (streaming_) return End();
  Send({500, {{"Content-Type", "text/plain"}}, "The request was given up.\n"});
}

}  // namespace sealwire::net
