#include "net/http_server.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include <utility>

#include "net/file_descriptor.h"
#include "net/http_exchange.h"
#include "net/http_request.h"
#include "net/socket_address.h"
#include "net/tcp_socket.h"
#include "net/unix_socket.h"

namespace sealwire::net {

namespace {

struct FreeHttp {
  void operator()(evhttp* http) const noexcept { evhttp_free(http); }
};

const char* MethodName(evhttp_cmd_type method) {
  switch (method) {
    case EVHTTP_REQ_GET:
      return "GET";
    case EVHTTP_REQ_POST:
      return "POST";
    case EVHTTP_REQ_HEAD:
      return "HEAD";
    case EVHTTP_REQ_PUT:
      return "PUT";
    case EVHTTP_REQ_DELETE:
      return "DELETE";
    case EVHTTP_REQ_OPTIONS:
      return "OPTIONS";
    case EVHTTP_REQ_PATCH:
      return "PATCH";
    default:
      return "";
  }
}

std::string_view OrEmpty(const char* text) {
  return text == nullptr ? "" : text;
}

std::string TakeBody(evhttp_request* request) {
  evbuffer* buffer = evhttp_request_get_input_buffer(request);
  std::string body(evbuffer_get_length(buffer), '\0');
  evbuffer_remove(buffer, body.data(), body.size());
  return body;
}

std::string PeerAddress(evhttp_request* request) {
  char* address = nullptr;
  ev_uint16_t port = 0;
  evhttp_connection_get_peer(evhttp_request_get_connection(request), &address, &port);
  const auto parsed = IpAddress::FromText(OrEmpty(address));
  return parsed.ok() ? Endpoint{*parsed, port}.ToText() : std::string(OrEmpty(address));
}

// unix(7), SO_PEERCRED: the kernel's word.
std::optional<std::uint32_t> PeerUid(evhttp_request* request) {
  bufferevent* buffer = evhttp_connection_get_bufferevent(evhttp_request_get_connection(request));
  ucred peer = {};
  socklen_t size = sizeof peer;
  if (::getsockopt(bufferevent_getfd(buffer), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
    return std::nullopt;
  }
  return peer.uid;
}

HttpRequest ReadRequest(evhttp_request* request, HttpRequest::Peer peer) {
  HttpRequest read;
  read.method = MethodName(evhttp_request_get_command(request));
  const evhttp_uri* uri = evhttp_request_get_evhttp_uri(request);
  read.path = OrEmpty(evhttp_uri_get_path(uri));
  read.segments = SplitPath(read.path);
  read.query = ParseQuery(OrEmpty(evhttp_uri_get_query(uri)));
  const evkeyvalq* headers = evhttp_request_get_input_headers(request);
  for (const evkeyval* h = headers->tqh_first; h != nullptr; h = h->next.tqe_next) {
    read.headers.emplace_back(h->key, h->value);
  }
  read.body = TakeBody(request);
  read.peer = peer;
  if (peer == HttpRequest::Peer::kUnix) {
    read.peer_address = "unix";
    read.peer_uid = PeerUid(request);
  } else {
    read.peer_address = PeerAddress(request);
  }
  return read;
}

}  // namespace

// The face of an exchange that any thread may hold.
class HttpReply::State {
 public:
  State(EventLoop& loop, std::shared_ptr<HttpExchange> exchange)
      : loop_(loop), exchange_(std::move(exchange)) {}
  ~State() {
    Do([](HttpExchange& exchange) { exchange.Abandon(); });
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  template <class Work>
  void Do(Work work) {
    if (!exchange_->open()) return;
    if (loop_.InLoop()) return work(*exchange_);
    loop_.Post([exchange = exchange_, work = std::move(work)]() mutable { work(*exchange); });
  }
  HttpExchange& exchange() noexcept { return *exchange_; }

 private:
  EventLoop& loop_;
  std::shared_ptr<HttpExchange> exchange_;
};

HttpReply::HttpReply(std::shared_ptr<State> state) : state_(std::move(state)) {}
bool HttpReply::open() const noexcept {
  return state_->exchange().open();
}
void HttpReply::OnClose(std::function<void()> closed) const {
  state_->exchange().OnClose(std::move(closed));
}
void HttpReply::Send(HttpResponse response) const {
  state_->Do([response = std::move(response)](HttpExchange& e) { e.Send(response); });
}
void HttpReply::Start(HttpResponse head) const {
  state_->Do([head = std::move(head)](HttpExchange& e) { e.Start(head); });
}
void HttpReply::Write(std::string part) const {
  state_->Do([part = std::move(part)](HttpExchange& e) { e.Write(part); });
}
void HttpReply::End() const {
  state_->Do([](HttpExchange& e) { e.End(); });
}

class HttpServer::Impl {
 public:
  Impl(EventLoop& loop, Handler handler, const HttpLimits& limits)
      : loop_(loop), handler_(std::move(handler)), limits_(limits) {}

  Result<Endpoint> ListenTcp(const Endpoint& endpoint) {
    auto listening = net::ListenTcp(endpoint, false);
    if (!listening) return Error{listening.error()};
    FileDescriptor fd = std::move(listening).value();
    const Endpoint local = LocalEndpoint(fd.get());
    if (auto accepted = Accept(std::move(fd), HttpRequest::Peer::kTcp); !accepted) {
      return Error{accepted.error()};
    }
    return local;
  }

  Status ListenUnix(const std::string& path) {
    auto socket = UnixListener::Bind(path, 0660);
    if (!socket) return Error{socket.error()};
    auto accepted = Accept(socket->TakeDescriptor(), HttpRequest::Peer::kUnix);
    if (accepted.ok()) unix_.push_back(std::move(socket).value());
    return accepted;
  }

 private:
  // One evhttp per listening socket: its requests are known by their way in.
  struct Listener {
    Impl* owner;
    HttpRequest::Peer peer;
    std::unique_ptr<evhttp, FreeHttp> http;
  };

  Status Accept(FileDescriptor fd, HttpRequest::Peer peer) {
    auto listener = std::make_unique<Listener>();
    listener->owner = this;
    listener->peer = peer;
    listener->http.reset(evhttp_new(loop_.base()));
    evhttp* http = listener->http.get();
    if (http == nullptr) return Error{"cannot make an HTTP server: out of memory"};
    evhttp_set_max_headers_size(http, static_cast<ev_ssize_t>(limits_.header_bytes));
    evhttp_set_max_body_size(http, static_cast<ev_ssize_t>(limits_.body_bytes));
    evhttp_set_timeout(http, static_cast<int>(limits_.idle.count()));
    evhttp_set_default_content_type(http, nullptr);
    evhttp_set_allowed_methods(http, EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_HEAD |
                                         EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE | EVHTTP_REQ_OPTIONS |
                                         EVHTTP_REQ_PATCH);
    evhttp_set_gencb(http, &OnRequest, listener.get());
    if (evhttp_accept_socket(http, fd.get()) != 0) {
      return Error{"cannot accept HTTP connections: out of memory"};
    }
    fd.Release();  // evhttp closes it
    listeners_.push_back(std::move(listener));
    return Status::Ok();
  }

  static void OnRequest(evhttp_request* request, void* listener_pointer) {
    auto* listener = static_cast<Listener*>(listener_pointer);
    Impl& self = *listener->owner;
    HttpRequest read = ReadRequest(request, listener->peer);
    HttpReply reply(std::make_shared<HttpReply::State>(
        self.loop_, std::make_shared<HttpExchange>(request, self.limits_)));
    if (!HasOneLength(read)) {
      return reply.Send({400,
                         {{"Content-Type", "text/plain"}, {"Connection", "close"}},
                         "The length of the body is not said once and plainly.\n"});
    }
    self.handler_(std::move(read), std::move(reply));
  }

  EventLoop& loop_;
  Handler handler_;
  HttpLimits limits_;
  std::vector<UnixListener> unix_;
  std::vector<std::unique_ptr<Listener>> listeners_;
};

HttpServer::HttpServer(EventLoop& loop, Handler handler, HttpLimits limits)
    : impl_(std::make_unique<Impl>(loop, std::move(handler), limits)) {}
HttpServer::~HttpServer() = default;
Result<Endpoint> HttpServer::ListenTcp(const Endpoint& endpoint) {
  return impl_->ListenTcp(endpoint);
}
Status HttpServer::ListenUnix(const std::string& path) {
  return impl_->ListenUnix(path);
}

}  // namespace sealwire::net
