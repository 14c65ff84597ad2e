#include "net/http_exchange.h"

#include <utility>

#include "net/http_connection.h"

namespace sealwire::net {

HttpConnection* HttpExchange::Release() {
  open_.store(false, std::memory_order_release);
  closed_ = nullptr;
  return std::exchange(connection_, nullptr);
}

void HttpExchange::Send(const HttpResponse& response) {
  if (connection_ == nullptr || streaming_) return;
  Release()->Answer(response);
}

void HttpExchange::Start(const HttpResponse& head) {
  if (connection_ == nullptr || streaming_) return;
  streaming_ = true;
  connection_->BeginStream(head);
}

void HttpExchange::Write(const std::string& part) {
  if (connection_ != nullptr && streaming_) connection_->WriteStream(part);
}

void HttpExchange::End() {
  if (connection_ != nullptr && streaming_) Release()->EndStream();
}

void HttpExchange::Abandon() {
  if (streaming_) return End();
  Send({500, {{"Content-Type", "text/plain"}}, "The request was given up.\n"});
}

void HttpExchange::Closed() {
  connection_ = nullptr;
  open_.store(false, std::memory_order_release);
  if (closed_) std::exchange(closed_, nullptr)();
}

}  // namespace sealwire::net
