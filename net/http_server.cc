#include "net/http_server.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <unordered_map>
#include <utility>
#include <vector>

#include "net/client_limits.h"
#include "net/file_descriptor.h"
#include "net/http_connection.h"
#include "net/http_exchange.h"
#include "net/socket_address.h"
#include "net/tcp_socket.h"
#include "net/unix_socket.h"

namespace sealwire::net {

namespace {

using namespace std::chrono_literals;

constexpr int kAcceptsPerTurn = 64;
constexpr auto kAcceptPause = 100ms;  // while the process has no descriptor to spare
// Younger than this, a connection is not closed for another one's sake.
constexpr auto kMinPatience = 1s;

// unix(7), SO_PEERCRED: the kernel's word.
std::optional<std::uint32_t> PeerUid(int fd) {
  ucred peer = {};
  socklen_t size = sizeof peer;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return std::nullopt;
  return peer.uid;
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

// A listening socket with its connections: a flood at one leaves the others their room.
class Listener final : public HttpConnection::Owner {
 public:
  using Handler = std::function<void(HttpRequest, std::shared_ptr<HttpExchange>)>;

  Listener(EventLoop& loop, FileDescriptor fd, HttpRequest::Peer kind, const HttpLimits& limits,
           Handler handler)
      : loop_(loop),
        fd_(std::move(fd)),
        kind_(kind),
        limits_(limits),
        handler_(std::move(handler)),
        clients_(limits.per_client),
        watch_(loop, fd_.get(), [this](FdWatch::Ready) { AcceptAll(); }),
        resume_(loop, [this] { watch_.Watch(true, false); }) {}
  ~Listener() override {
    while (!connections_.empty()) connections_.begin()->second->Close();
  }
  bool Start() { return watch_.Watch(true, false); }
  void UseTls(std::shared_ptr<const TlsContext> tls) { tls_ = std::move(tls); }
  HttpRequest::Peer kind() const noexcept { return kind_; }
  HttpCounters counters() const {
    HttpCounters counters = counters_;
    counters.open = connections_.size();
    return counters;
  }

 private:
  void Handle(HttpRequest request, std::shared_ptr<HttpExchange> exchange) override {
    handler_(std::move(request), std::move(exchange));
  }
  void OnLate() noexcept override { ++counters_.late; }
  void OnClosed(HttpConnection& connection) noexcept override {
    if (kind_ == HttpRequest::Peer::kTcp) clients_.Leave(connection.peer().endpoint.address);
    connections_.erase(&connection);
  }
  const HttpLimits& limits() const noexcept override { return limits_; }

  void AcceptAll() {
    for (int i = 0; i < kAcceptsPerTurn; ++i) {
      Endpoint client;
      int error = 0;
      FileDescriptor fd = AcceptTcp(fd_.get(), client, error);
      if (fd.open()) {
        Adopt(std::move(fd), client);
        continue;
      }
      if (error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS) {
        watch_.Watch(false, false);
        resume_.Start(kAcceptPause);
        return;
      }
      // Anything else concerns the one client that was next (accept(2)), but for "none waits".
      if (error == EAGAIN) return;
    }
  }

  void Adopt(FileDescriptor fd, const Endpoint& client) {
    const bool tcp = kind_ == HttpRequest::Peer::kTcp;
    if (tcp && !clients_.Enter(client.address)) return void(++counters_.refused);
    const int watched = fd.get();
    const auto uid = tcp ? std::nullopt : PeerUid(watched);
    auto stream = MakeRoom() ? Wrap(std::move(fd)) : nullptr;
    if (!stream) {
      if (tcp) clients_.Leave(client.address);
      return void(++counters_.refused);
    }
    ++counters_.accepted;
    const auto connection = std::make_shared<HttpConnection>(
        loop_, *this, std::move(stream), watched, HttpConnection::Peer{kind_, client, uid});
    connections_.emplace(connection.get(), connection);
    connection->Start();
  }

  std::unique_ptr<ByteStream> Wrap(FileDescriptor fd) const {
    if (tls_) return tls_->Wrap(std::move(fd));
    return std::make_unique<PlainStream>(std::move(fd));
  }

  // When there are as many as there may be, whoever has kept us waiting longest goes.
  bool MakeRoom() {
    if (connections_.size() < limits_.connections) return true;
    HttpConnection* slowest = nullptr;
    for (const auto& [connection, shared] : connections_) {
      if (!connection->WaitsForPeer()) continue;
      if (slowest == nullptr || connection->waiting_since() < slowest->waiting_since()) {
        slowest = connection;
      }
    }
    if (slowest == nullptr ||
        std::chrono::steady_clock::now() - slowest->waiting_since() < kMinPatience) {
      return false;
    }
    ++counters_.displaced;
    slowest->Close();
    return true;
  }

  EventLoop& loop_;
  FileDescriptor fd_;
  HttpRequest::Peer kind_;
  HttpLimits limits_;
  Handler handler_;
  std::shared_ptr<const TlsContext> tls_;
  ClientLimits clients_;
  std::unordered_map<HttpConnection*, std::shared_ptr<HttpConnection>> connections_;
  HttpCounters counters_;
  FdWatch watch_;
  Timer resume_;
};

class HttpServer::Impl {
 public:
  Impl(EventLoop& loop, Handler handler, const HttpLimits& limits)
      : loop_(loop), handler_(std::move(handler)), limits_(limits) {}

  Result<Endpoint> ListenTcp(const Endpoint& endpoint) {
    auto listening = net::ListenTcp(endpoint, false);
    if (!listening) return Error{listening.error()};
    const Endpoint local = LocalEndpoint(listening->get());
    const Status accepting = Accept(std::move(listening).value(), HttpRequest::Peer::kTcp);
    if (!accepting.ok()) return Error{accepting.error()};
    return local;
  }

  Status ListenUnix(const std::string& path) {
    auto socket = UnixListener::Bind(path, 0660);
    if (!socket) return Error{socket.error()};
    Status accepting = Accept(socket->TakeDescriptor(), HttpRequest::Peer::kUnix);
    if (accepting.ok()) unix_.push_back(std::move(socket).value());
    return accepting;
  }

  void UseTls(std::shared_ptr<const TlsContext> tls) {
    tls_ = std::move(tls);
    for (const auto& listener : listeners_) {
      if (listener->kind() == HttpRequest::Peer::kTcp) listener->UseTls(tls_);
    }
  }

  HttpCounters counters() const {
    HttpCounters sum;
    for (const auto& listener : listeners_) {
      const HttpCounters one = listener->counters();
      sum.open += one.open;
      sum.accepted += one.accepted;
      sum.refused += one.refused;
      sum.displaced += one.displaced;
      sum.late += one.late;
    }
    return sum;
  }

 private:
  Status Accept(FileDescriptor fd, HttpRequest::Peer kind) {
    auto listener = std::make_unique<Listener>(
        loop_, std::move(fd), kind, limits_,
        [this](HttpRequest request, std::shared_ptr<HttpExchange> exchange) {
          handler_(std::move(request),
                   HttpReply(std::make_shared<HttpReply::State>(loop_, std::move(exchange))));
        });
    if (kind == HttpRequest::Peer::kTcp) listener->UseTls(tls_);
    if (!listener->Start()) return Error{"cannot accept HTTP connections: out of memory"};
    listeners_.push_back(std::move(listener));
    return Status::Ok();
  }

  EventLoop& loop_;
  Handler handler_;
  HttpLimits limits_;
  std::shared_ptr<const TlsContext> tls_;
  std::vector<UnixListener> unix_;
  std::vector<std::unique_ptr<Listener>> listeners_;
};

HttpServer::HttpServer(EventLoop& loop, Handler handler, HttpLimits limits)
    : impl_(std::make_unique<Impl>(loop, std::move(handler), limits)) {}
HttpServer::~HttpServer() = default;
Result<Endpoint> HttpServer::ListenTcp(const Endpoint& endpoint) {
  return impl_->ListenTcp(endpoint);
}
void HttpServer::UseTls(std::shared_ptr<const TlsContext> tls) {
  impl_->UseTls(std::move(tls));
}
Status HttpServer::ListenUnix(const std::string& path) {
  return impl_->ListenUnix(path);
}
HttpCounters HttpServer::counters() const {
  return impl_->counters();
}

}  // namespace sealwire::net
