#include "proxy/transfer_client.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <optional>
#include <vector>

#include "dns/message_writer.h"
#include "dns/serial.h"
#include "net/random.h"
#include "net/tcp_socket.h"
#include "proxy/transfer_reader.h"

namespace sealwire::proxy {
namespace {

using dns::RRType;
using Clock = std::chrono::steady_clock;
using Step = TransferReader::Step;

constexpr auto kStopCheck = std::chrono::milliseconds(200);
constexpr std::size_t kMaxMessage = 65535;

std::uint64_t UnixSeconds() noexcept {
  return static_cast<std::uint64_t>(std::time(nullptr));
}

const char* TextOf(signer::TsigVerdict verdict) noexcept {
  switch (verdict) {
    case signer::TsigVerdict::kGood:
      return "good";
    case signer::TsigVerdict::kUnsigned:
      return "the primary's answer is not signed";
    case signer::TsigVerdict::kMalformed:
      return "the primary's TSIG record is malformed";
    case signer::TsigVerdict::kBadKey:
      return "the primary does not know the TSIG key (BADKEY): compare names and algorithms";
    case signer::TsigVerdict::kBadSig:
      return "the TSIG signature does not fit (BADSIG): compare the secrets";
    case signer::TsigVerdict::kBadTime:
      return "the TSIG signature is of another time (BADTIME): compare the clocks";
    case signer::TsigVerdict::kBadTrunc:
      return "the TSIG signature was cut (BADTRUNC)";
  }
  return "";
}

// One connection to a primary.
class Connection {
 public:
  explicit Connection(const TransferRequest& request)
      : request_(request), end_(Clock::now() + request.limits.whole), message_(2 + kMaxMessage) {}

  Status Open() {
    auto socket = net::ConnectTcp(request_.primary);
    if (!socket.ok()) return Error{socket.error()};
    socket_ = *std::move(socket);
    if (Status ready = Wait(POLLOUT, Clock::now() + request_.limits.connect); !ready.ok()) {
      return ready;
    }
    if (const int error = net::ConnectOutcome(socket_.get()); error != 0) {
      return Error{std::string("cannot be reached: ") + std::strerror(error)};
    }
    return Status::Ok();
  }

  // Sends a query for `type`; `soa` is put into its authority section (RFC 1995 section 3).
  Status Ask(RRType type, const dns::RRsetView* soa) {
    exchange_.reset();
    if (request_.key) exchange_.emplace(*request_.key);
    id_ = net::Random().U16();
    const dns::MutableBytes out = dns::MutableBytes(message_).subspan(2);
    dns::MessageWriter writer(out, nullptr);
    writer.StartQuery(id_, false);
    writer.AddQuestion(request_.apex, type, dns::RRClass::kIN);
    if (soa != nullptr) writer.AddRRset(dns::Section::kAuthority, *soa);
    std::size_t size = writer.Finish(dns::Rcode::kNoError);
    if (exchange_) size = exchange_->Sign(out, size, UnixSeconds());
    if (size == 0) return Error{"the query does not fit"};
    dns::Writer(message_).U16(static_cast<std::uint16_t>(size));
    return Send(dns::Bytes(message_).first(2 + size));
  }

  // The next message, without its TSIG record; it lies here until the next call.
  Result<dns::Bytes> Next() {
    const auto deadline = std::min(end_, Clock::now() + request_.limits.silence);
    if (Status got = Receive(dns::MutableBytes(message_).first(2), deadline); !got.ok()) {
      return Error{got.error()};
    }
    const std::size_t size = dns::Reader(message_).U16();
    const dns::MutableBytes out = dns::MutableBytes(message_).subspan(2, size);
    if (Status got = Receive(out, deadline); !got.ok()) return Error{got.error()};
    octets_ += 2 + size;
    if (!exchange_) return dns::Bytes(out);
    std::size_t without = 0;
    const auto verdict = exchange_->VerifyReply(out, UnixSeconds(), without);
    const bool may_be_unsigned = verdict == signer::TsigVerdict::kUnsigned && signed_before_;
    if (verdict != signer::TsigVerdict::kGood && !may_be_unsigned) return Error{TextOf(verdict)};
    signed_before_ = true;
    if (without != size) {
      // The record is cut off: what remains counts one less.
      dns::Writer header(out);
      const std::uint16_t additional = dns::Reader(out, 10).U16();
      header.Run(dns::Bytes(out).first(dns::kHeaderSize));
      header.PatchU16(10, static_cast<std::uint16_t>(additional - 1));
    }
    return dns::Bytes(out).first(without);
  }

  // Whether the last message ended signed, where it had to.
  bool EndsSigned() const noexcept { return !exchange_ || exchange_->EndsSigned(); }
  void StartReply() noexcept { signed_before_ = false; }
  std::uint16_t id() const noexcept { return id_; }
  std::uint64_t octets() const noexcept { return octets_; }

 private:
  Status Wait(short events, Clock::time_point deadline) {
    while (true) {
      if (request_.stop && request_.stop->load(std::memory_order_relaxed)) {
        return Error{"given up: the node is stopping"};
      }
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          std::min(deadline, end_) - Clock::now());
      if (left.count() <= 0) return Error{"did not answer in time"};
      pollfd one{socket_.get(), events, 0};
      const int n = ::poll(&one, 1, static_cast<int>(std::min(left, kStopCheck).count()) + 1);
      if (n > 0) return Status::Ok();
      if (n < 0 && errno != EINTR) return Error{std::strerror(errno)};
    }
  }

  Status Send(dns::Bytes data) {
    const auto deadline = Clock::now() + request_.limits.silence;
    while (!data.empty()) {
      const ssize_t n = ::send(socket_.get(), data.data(), data.size(), MSG_NOSIGNAL);
      if (n > 0) {
        data = data.subspan(static_cast<std::size_t>(n));
      } else if (n < 0 && errno != EAGAIN && errno != EINTR) {
        return Error{std::string("the connection failed: ") + std::strerror(errno)};
      } else if (Status ready = Wait(POLLOUT, deadline); !ready.ok()) {
        return ready;
      }
    }
    return Status::Ok();
  }

  Status Receive(dns::MutableBytes into, Clock::time_point deadline) {
    while (!into.empty()) {
      const ssize_t n = ::recv(socket_.get(), into.data(), into.size(), MSG_DONTWAIT);
      if (n > 0) {
        into = into.subspan(static_cast<std::size_t>(n));
      } else if (n == 0) {
        return Error{"closed the connection"};
      } else if (errno != EAGAIN && errno != EINTR) {
        return Error{std::string("the connection failed: ") + std::strerror(errno)};
      } else if (Status ready = Wait(POLLIN, deadline); !ready.ok()) {
        return ready;
      }
    }
    return Status::Ok();
  }

  const TransferRequest& request_;
  Clock::time_point end_;
  net::FileDescriptor socket_;
  std::vector<std::uint8_t> message_;
  std::optional<signer::TsigExchange> exchange_;
  bool signed_before_ = false;
  std::uint16_t id_ = 0;
  std::uint64_t octets_ = 0;
};

// The serial in the primary's SOA.
Result<std::uint32_t> AskSerial(Connection& primary, const TransferRequest& request) {
  primary.StartReply();
  if (Status asked = primary.Ask(RRType::kSOA, nullptr); !asked.ok()) return Error{asked.error()};
  auto reply = primary.Next();
  if (!reply.ok()) return Error{reply.error()};
  dns::MessageView view;
  if (view.Parse(*reply, dns::QuestionRule::kOneOrNone) != dns::ParseError::kNone ||
      view.header().id != primary.id() || !view.header().qr) {
    return Error{"the answer to the SOA query is malformed"};
  }
  if (view.rcode() != dns::Rcode::kNoError) {
    return Error{"answered the SOA query with " + dns::ToText(view.rcode())};
  }
  if (!view.header().aa) return Error{"is not authoritative for the zone"};
  std::optional<std::uint32_t> serial;
  view.ForEachRecord([&](const dns::RecordView& record) {
    if (record.section != dns::Section::kAnswer || record.type != RRType::kSOA ||
        !(record.owner == request.apex)) {
      return true;
    }
    std::array<std::uint8_t, 1024> octets{};
    dns::Writer out(octets);
    if (view.CopyRdata(record, out) && out.size() >= 22) {
      serial = dns::Reader(out.written().last(20)).U32();
    }
    return false;
  });
  if (!serial) return Error{"has no SOA for the zone"};
  return *serial;
}

TransferResult Failed(std::string problem) {
  TransferResult result;
  result.problem = std::move(problem);
  return result;
}

// One transfer over an open connection. `again` is set when the whole zone is worth asking for.
TransferResult Transfer(Connection& primary, const TransferRequest& request, bool& again) {
  std::optional<dns::RRsetView> soa;
  if (request.have) soa = request.have->soa();
  primary.StartReply();
  if (Status asked = primary.Ask(soa ? RRType::kIXFR : RRType::kAXFR, soa ? &*soa : nullptr);
      !asked.ok()) {
    return Failed(asked.error());
  }
  TransferReader reader(request.apex, request.have, primary.id(), request.limits.octets);
  Step step = Step::kMore;
  while (step == Step::kMore) {
    auto message = primary.Next();
    if (!message.ok()) return Failed(message.error());
    step = reader.Take(*message);
  }
  TransferResult result;
  result.incremental = reader.incremental();
  result.octets = primary.octets();
  if (step == Step::kFailed || step == Step::kRefused) {
    again = soa.has_value();
    return Failed(reader.problem());
  }
  if (!primary.EndsSigned()) return Failed("the last message of the transfer is not signed");
  if (step == Step::kUnchanged) {
    result.kind = TransferResult::Kind::kUnchanged;
    return result;
  }
  auto zone = reader.Finish();
  if (!zone.ok()) {
    again = reader.incremental();
    return Failed(zone.error());
  }
  result.kind = TransferResult::Kind::kReplaced;
  result.zone = *std::move(zone);
  return result;
}

}  // namespace

TransferResult FetchZone(const TransferRequest& request) {
  bool again = false;
  {
    Connection primary(request);
    if (Status open = primary.Open(); !open.ok()) return Failed(open.error());
    if (request.have) {
      const auto serial = AskSerial(primary, request);
      if (!serial.ok()) return Failed(serial.error());
      if (!dns::SerialIsAfter(*serial, request.have->serial())) {
        TransferResult result;
        result.kind = TransferResult::Kind::kUnchanged;
        return result;
      }
    }
    TransferResult result = Transfer(primary, request, again);
    if (!again) return result;
  }
  TransferRequest whole = request;
  whole.have.reset();
  Connection primary(whole);
  if (Status open = primary.Open(); !open.ok()) return Failed(open.error());
  return Transfer(primary, whole, again);
}

}  // namespace sealwire::proxy
