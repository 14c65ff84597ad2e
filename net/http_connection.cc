#include "net/http_connection.h"

#include <algorithm>
#include <utility>

#include "net/http_request.h"
#include "net/http_response.h"

namespace sealwire::net {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kReadSize = 16u << 10;
constexpr int kReadsPerTurn = 16;  // then other connections have their turn
constexpr auto kLeaveTime = 2s;    // for the peer to read the last answer

}  // namespace

HttpConnection::HttpConnection(EventLoop& loop, Owner& owner, std::unique_ptr<ByteStream> stream,
                               int fd, Peer peer)
    : loop_(loop),
      owner_(owner),
      peer_(std::move(peer)),
      stream_(std::move(stream)),
      watch_(std::make_unique<FdWatch>(loop, fd, [this](FdWatch::Ready) { Pump(); })),
      deadline_(loop, [this] { OnDeadline(); }) {
  SetDeadline();
}

void HttpConnection::Enter(Part part) {
  part_ = part;
  part_began_ = Clock::now();
  SetDeadline();
}

void HttpConnection::Close() {
  if (part_ == Part::kClosed) return;
  const auto self = shared_from_this();
  part_ = Part::kClosed;
  deadline_.Stop();
  watch_.reset();
  stream_.reset();
  if (exchange_) std::exchange(exchange_, nullptr)->Closed();
  owner_.OnClosed(*this);
}

// Whatever happened: does all that can be done without waiting. A handler may answer within its
// call, which comes back here; the turn that is running does that work.
void HttpConnection::Pump() {
  again_ = true;
  if (pumping_) return;
  const auto self = shared_from_this();
  pumping_ = true;
  for (int turn = 0; again_ && part_ != Part::kClosed; ++turn) {
    if (turn == kReadsPerTurn) {
      loop_.Post([weak = weak_from_this()] {
        if (const auto connection = weak.lock()) connection->Pump();
      });
      break;
    }
    again_ = false;
    Turn();
  }
  pumping_ = false;
  if (part_ != Part::kClosed) WatchWhatIsNeeded();
}

void HttpConnection::Turn() {
  if (!Flush()) return;
  // During a stream reading tells whether the peer is still there; else a peer that does not take
  // its answer is not heard.
  if (!out_.empty() && part_ != Part::kStream) return;
  if (part_ == Part::kLeaving) in_.clear();
  if (!Consume()) return;
  if (!out_.empty() && part_ != Part::kStream) {
    again_ = true;
  } else if (WantsInput() && Fill()) {
    again_ = true;
  }
}

// False: the connection is closed.
bool HttpConnection::Flush() {
  write_blocked_ = ByteStream::State::kMoved;
  while (written_ < out_.size()) {
    const auto outcome = stream_->Write(std::span(out_).subspan(written_));
    if (outcome.state == ByteStream::State::kEnd) return Close(), false;
    if (outcome.state != ByteStream::State::kMoved) {
      write_blocked_ = outcome.state;
      return true;
    }
    written_ += outcome.octets;
    if (part_ == Part::kStream) SetDeadline();
  }
  if (out_.empty()) return true;
  out_.clear();
  written_ = 0;
  if (part_ == Part::kLeaving) stream_->Finish();
  if (part_ == Part::kHead && in_.empty()) Enter(Part::kHead);
  SetDeadline();
  return true;
}

bool HttpConnection::WantsInput() const noexcept {
  return part_ != Part::kHandling && part_ != Part::kClosed;
}

// True: something came.
bool HttpConnection::Fill() {
  const bool fresh = in_.empty();
  const std::size_t had = in_.size();
  in_.resize(had + kReadSize);
  const auto outcome = stream_->Read(std::span(in_).subspan(had));
  in_.resize(had + outcome.octets);
  read_blocked_ = outcome.state;
  if (outcome.state == ByteStream::State::kEnd) Close();
  if (outcome.state != ByteStream::State::kMoved) return false;
  if (part_ == Part::kHead && fresh) request_began_ = Clock::now();
  if (part_ == Part::kHead || part_ == Part::kBody) Enter(part_);
  // A peer that goes on talking while it listens to a stream is not read for ever.
  if (part_ == Part::kStream && in_.size() > owner_.limits().header_bytes) Close();
  return true;
}

// False: the connection is closed.
bool HttpConnection::Consume() {
  if (part_ == Part::kHead && !in_.empty() && !ConsumeHead()) return part_ != Part::kClosed;
  if (part_ == Part::kBody) ConsumeBody();
  return part_ != Part::kClosed;
}

// True: the head was whole.
bool HttpConnection::ConsumeHead() {
  const auto end = FindEndOfHead(in_, head_seen_);
  if (const auto* refusal = std::get_if<HttpRefusal>(&end)) return Refuse(*refusal), false;
  const std::size_t size = std::get<std::size_t>(end);
  if (std::max(size, head_seen_) > owner_.limits().header_bytes) {
    return Refuse({431, "The headers are too large."}), false;
  }
  if (size == 0) return false;
  auto parsed = ParseHead(std::string_view(in_).substr(0, size));
  if (const auto* refusal = std::get_if<HttpRefusal>(&parsed)) return Refuse(*refusal), false;
  head_ = std::get<HttpHead>(std::move(parsed));
  in_.erase(0, size);
  head_seen_ = 0;
  last_ = head_.last;
  const std::size_t limit = owner_.limits().body_bytes;
  body_ = head_.chunked ? HttpBody::InChunks(limit) : HttpBody::OfLength(head_.length, limit);
  if (head_.expects_continue && in_.empty() && (head_.chunked || head_.length <= limit)) {
    out_ += "HTTP/1.1 100 Continue\r\n\r\n";
  }
  Enter(Part::kBody);
  return true;
}

bool HttpConnection::ConsumeBody() {
  std::string_view text = in_;
  const HttpBody::Outcome outcome = body_.Take(text);
  in_.erase(0, in_.size() - text.size());
  switch (outcome) {
    case HttpBody::Outcome::kMore:
      return false;
    case HttpBody::Outcome::kTooLarge:
      return Refuse({413, "The body is too large."}), false;
    case HttpBody::Outcome::kMalformed:
      return Refuse({400, "The chunks of the body cannot be read."}), false;
    case HttpBody::Outcome::kWhole:
      break;
  }
  Dispatch();
  return true;
}

void HttpConnection::Dispatch() {
  HttpRequest request;
  request.method = head_.method;
  request.path = std::move(head_.path);
  request.segments = SplitPath(request.path);
  request.query = ParseQuery(head_.query);
  request.headers = std::move(head_.headers);
  request.body = body_.Release();
  request.peer = peer_.kind;
  request.peer_uid = peer_.uid;
  request.peer_address = peer_.kind == HttpRequest::Peer::kUnix ? "unix" : peer_.endpoint.ToText();
  request.certificate = stream_->Certificate();
  Enter(Part::kHandling);
  exchange_ = std::make_shared<HttpExchange>(*this);
  owner_.Handle(std::move(request), exchange_);
}

// What follows cannot be told apart from the request: it is not read.
void HttpConnection::Refuse(const HttpRefusal& refusal) {
  head_.method.clear();
  last_ = true;
  Answer({refusal.status, {{"Content-Type", "text/plain"}}, std::string(refusal.why) + "\n"});
}

void HttpConnection::Answer(const HttpResponse& response) {
  exchange_.reset();
  if (HasOption(response, "Connection", "close")) last_ = true;
  out_ += HeadOf(response, HttpFraming::kLength, last_);
  const bool content = response.status != 204 && response.status != 304;
  if (head_.method != "HEAD" && content) out_ += response.body;
  AfterAnswer();
}

void HttpConnection::BeginStream(const HttpResponse& head) {
  chunked_ = !head_.old_version;
  if (!chunked_) last_ = true;
  out_ += HeadOf(head, chunked_ ? HttpFraming::kChunks : HttpFraming::kClose, last_);
  Enter(Part::kStream);
  if (!head.body.empty()) return WriteStream(head.body);
  Pump();
}

void HttpConnection::WriteStream(const std::string& part) {
  if (part.empty() || head_.method == "HEAD") return;
  if (out_.size() - written_ + part.size() > owner_.limits().stream_buffer) return Close();
  out_ += chunked_ ? ChunkOf(part) : part;
  if (!deadline_.running()) SetDeadline();
  Pump();
}

void HttpConnection::EndStream() {
  exchange_.reset();
  if (chunked_ && head_.method != "HEAD") out_ += kLastChunk;
  AfterAnswer();
}

void HttpConnection::AfterAnswer() {
  Enter(last_ ? Part::kLeaving : Part::kHead);
  request_began_ = part_began_;
  Pump();
}

void HttpConnection::SetDeadline() {
  const HttpLimits& limits = owner_.limits();
  const auto elapsed =
      std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - request_began_);
  std::chrono::microseconds left = limits.idle;
  switch (part_) {
    case Part::kHead:
    case Part::kBody:
      if (!out_.empty()) left = limits.answer;
      if (out_.empty() && (!in_.empty() || part_ == Part::kBody)) {
        left = std::min<std::chrono::microseconds>(left, limits.request - elapsed);
      }
      break;
    case Part::kStream:
      if (out_.empty()) return deadline_.Stop();
      break;
    case Part::kLeaving:
      left = out_.empty() ? std::chrono::microseconds(kLeaveTime) : limits.answer;
      break;
    case Part::kHandling:
    case Part::kClosed:
      return deadline_.Stop();
  }
  deadline_.Start(std::max<std::chrono::microseconds>(left, 1us));
}

void HttpConnection::OnDeadline() {
  const bool amid = !out_.empty() || !in_.empty() || part_ == Part::kBody;
  if (amid && part_ != Part::kLeaving) owner_.OnLate();
  if (out_.empty() && amid && WaitsForPeer()) {
    return Refuse({408, "The request took too long."});
  }
  Close();
}

void HttpConnection::WatchWhatIsNeeded() {
  using State = ByteStream::State;
  const bool writing = !out_.empty();
  const bool reading = WantsInput() && (!writing || part_ == Part::kStream);
  const bool readable = (writing && write_blocked_ == State::kReadable) ||
                        (reading && read_blocked_ != State::kWritable);
  const bool writable = (writing && write_blocked_ != State::kReadable) ||
                        (reading && read_blocked_ == State::kWritable);
  if (!watch_->Watch(readable, writable)) Close();
}

}  // namespace sealwire::net
