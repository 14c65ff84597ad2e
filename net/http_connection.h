// One connection of the HTTP server: reads requests, has them handled one after the other, writes
// the answers, and minds the time of each part (RFC 9112).
//
// Threading: the loop's thread. Ownership: shared by the server and by whoever is inside a call;
// Close() takes it from the server. Errors: a request that cannot be understood is answered and
// ends the connection.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "net/byte_stream.h"
#include "net/event_loop.h"
#include "net/http_body.h"
#include "net/http_exchange.h"
#include "net/http_head.h"
#include "net/http_server.h"

namespace sealwire::net {

class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  // What the server does for its connections.
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void Handle(HttpRequest request, std::shared_ptr<HttpExchange> exchange) = 0;
    virtual void OnLate() noexcept = 0;
    virtual void OnClosed(HttpConnection& connection) noexcept = 0;
    virtual const HttpLimits& limits() const noexcept = 0;
  };
  struct Peer {
    HttpRequest::Peer kind = HttpRequest::Peer::kTcp;
    Endpoint endpoint;  // of a TCP connection
    std::optional<std::uint32_t> uid;
  };

  // `fd` is the stream's, for watching.
  HttpConnection(EventLoop& loop, Owner& owner, std::unique_ptr<ByteStream> stream, int fd,
                 Peer peer);
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  void Start() { Pump(); }
  // After it no callback comes any more.
  void Close();

  // True while the peer is to speak; the time since when it has been.
  bool WaitsForPeer() const noexcept { return part_ == Part::kHead || part_ == Part::kBody; }
  std::chrono::steady_clock::time_point waiting_since() const noexcept { return part_began_; }
  const Peer& peer() const noexcept { return peer_; }

  // For the exchange.
  void Answer(const HttpResponse& response);
  void BeginStream(const HttpResponse& head);
  void WriteStream(const std::string& part);
  void EndStream();

 private:
  using Clock = std::chrono::steady_clock;
  enum class Part : std::uint8_t {
    kHead,      // the peer speaks
    kBody,      //
    kHandling,  // the handler does
    kStream,    //
    kLeaving,   // all was said; what still comes is not read as a request
    kClosed,
  };

  void Enter(Part part);
  void Pump();
  void Turn();
  bool Flush();
  bool Fill();
  bool Consume();
  bool ConsumeHead();
  bool ConsumeBody();
  void Dispatch();
  void Refuse(const HttpRefusal& refusal);
  void AfterAnswer();
  void OnDeadline();
  void SetDeadline();
  void WatchWhatIsNeeded();
  bool WantsInput() const noexcept;

  EventLoop& loop_;
  Owner& owner_;
  Peer peer_;
  std::unique_ptr<ByteStream> stream_;
  std::unique_ptr<FdWatch> watch_;
  Timer deadline_;
  Part part_ = Part::kHead;
  Clock::time_point part_began_ = Clock::now();
  Clock::time_point request_began_ = part_began_;
  std::string in_;
  std::size_t head_seen_ = 0;
  HttpHead head_;
  HttpBody body_;
  std::string out_;
  std::size_t written_ = 0;  // of out_
  std::shared_ptr<HttpExchange> exchange_;
  bool last_ = false;  // no request after this one
  bool chunked_ = false;
  bool pumping_ = false;
  bool again_ = false;
  ByteStream::State read_blocked_ = ByteStream::State::kMoved;
  ByteStream::State write_blocked_ = ByteStream::State::kMoved;
};

}  // namespace sealwire::net
