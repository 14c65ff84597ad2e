#include "proxy/transfer_desk.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <ctime>

#include "dns/message_writer.h"
#include "dns/serial.h"
#include "proxy/query.h"

namespace sealwire::proxy {
namespace {

using Differences = std::vector<std::shared_ptr<const CopyDifference>>;
using dns::Rcode;
using dns::RRType;
using signer::TsigVerdict;

constexpr int kPatienceMs = 20000;  // for a secondary that does not read
constexpr int kNextQueryMs = 3000;  // for what it asks next
constexpr std::size_t kMaxQuery = 4096;
// Messages of this size and not 64 kB: compression reaches 16 kB far (RFC 1035 section 4.1.4).
constexpr std::size_t kMessage = 16384;
constexpr std::size_t kMaxMessage = 65535;
constexpr unsigned kTcInFirstFlags = 0x02;

std::uint64_t Now() noexcept {
  return static_cast<std::uint64_t>(std::time(nullptr));
}

bool WaitFor(int fd, short events, int milliseconds) noexcept {
  pollfd one{fd, events, 0};
  while (true) {
    const int n = ::poll(&one, 1, milliseconds);
    if (n >= 0 || errno != EINTR) return n > 0;
  }
}

// Messages of one reply, each signed if the query was.
class Reply {
 public:
  Reply(int fd, const Query& query, signer::TsigExchange* tsig)
      : fd_(fd), query_(query), tsig_(tsig), buffer_(2 + kMaxMessage) {}

  bool SendRcode(Rcode rcode, bool tsig_error) {
    dns::MessageWriter writer = Start(kMaxMessage);
    std::size_t size = writer.Finish(rcode);
    if (tsig_error) size = tsig_->SignError(Message(), size, Now());
    return tsig_error ? Send(size) : SignAndSend(size);
  }

  // The SOA with its signature (RFC 1995 section 2: nothing newer; or the answer to a SOA query).
  bool SendSoa(const SignedCopy& copy) {
    dns::MessageWriter writer = Start(kMaxMessage);
    dns::Reader reader(copy.records);
    CopiedRecord soa;
    if (!NextRecord(reader, copy.records, soa) || !Add(writer, soa)) return false;
    return SignAndSend(writer.Finish(Rcode::kNoError));
  }

  // RFC 5936 section 2.2: the zone, and its SOA once more.
  bool SendZone(const SignedCopy& copy) {
    const dns::Bytes runs[] = {copy.records, SoaOf(copy)};
    return SendRecords(runs);
  }

  // RFC 1995 section 4: for each version what went and what came, between two of the latest SOA.
  bool SendDifferences(const SignedCopy& copy,
                       std::span<const std::shared_ptr<const CopyDifference>> differences) {
    std::vector<dns::Bytes> runs = {SoaOf(copy)};
    for (const auto& each : differences) {
      runs.emplace_back(each->removed);
      runs.emplace_back(each->added);
    }
    runs.push_back(SoaOf(copy));
    return SendRecords(runs);
  }

  std::size_t records_sent() const noexcept { return records_; }

 private:
  dns::MutableBytes Message() noexcept { return dns::MutableBytes(buffer_).subspan(2); }

  dns::MessageWriter Start(std::size_t limit) noexcept {
    const std::size_t tsig = tsig_ != nullptr ? tsig_->reply_size() : 0;
    dns::MessageWriter writer(Message().first(limit - tsig), nullptr);
    writer.StartReply(query_.header, true);
    writer.AddQuestion(query_.name, query_.type, query_.rr_class);
    return writer;
  }
  static dns::Bytes SoaOf(const SignedCopy& copy) noexcept {
    dns::Reader reader(copy.records);
    CopiedRecord soa;
    return NextRecord(reader, copy.records, soa) ? dns::Bytes(copy.records).first(reader.position())
                                                 : dns::Bytes{};
  }

  // The records of all runs, in as many messages as it takes.
  bool SendRecords(std::span<const dns::Bytes> runs) {
    std::size_t run = 0;
    dns::Reader reader(runs[0]);
    CopiedRecord record;
    const auto next = [&] {
      while (reader.remaining() == 0) {
        if (++run == runs.size()) return false;
        reader = dns::Reader(runs[run]);
      }
      return NextRecord(reader, runs[run], record);
    };
    bool more = next();
    while (more) {
      // A record that is larger than a message of ours gets one of the greatest size.
      const std::size_t limit = record.rdata.size() + 1024 > kMessage ? kMaxMessage : kMessage;
      dns::MessageWriter writer = Start(limit);
      std::size_t records = 0;
      while (more && Add(writer, record)) {
        ++records;
        more = next();
      }
      if (records == 0) return false;
      records_ += records;
      const std::size_t size = writer.Finish(Rcode::kNoError);
      // The record that found no room opens the next message: nothing is cut.
      if (size != 0) buffer_[2 + 2] &= static_cast<std::uint8_t>(~kTcInFirstFlags);
      if (!SignAndSend(size)) return false;
    }
    return run == runs.size();
  }

  static bool Add(dns::MessageWriter& writer, const CopiedRecord& record) noexcept {
    return writer.AddRecord(dns::Section::kAnswer, record.owner, record.type, dns::RRClass::kIN,
                            record.ttl, record.rdata);
  }
  bool SignAndSend(std::size_t size) {
    if (tsig_ != nullptr && tsig_->key() != nullptr) size = tsig_->Sign(Message(), size, Now());
    return Send(size);
  }
  bool Send(std::size_t size) {
    if (size == 0) return false;
    dns::Writer(buffer_).U16(static_cast<std::uint16_t>(size));
    dns::Bytes rest = dns::Bytes(buffer_).first(2 + size);
    while (!rest.empty()) {
      const ssize_t n = ::send(fd_, rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n > 0) {
        rest = rest.subspan(static_cast<std::size_t>(n));
      } else if (errno != EAGAIN && errno != EINTR) {
        return false;
      } else if (!WaitFor(fd_, POLLOUT, kPatienceMs)) {
        return false;
      }
    }
    return true;
  }

  int fd_;
  const Query& query_;
  signer::TsigExchange* tsig_;
  std::vector<std::uint8_t> buffer_;
  std::size_t records_ = 0;
};

// The serial that an IXFR query names in its authority section (RFC 1995 section 3).
std::optional<std::uint32_t> SerialAsked(dns::Bytes query) {
  dns::MessageView view;
  if (view.Parse(query) != dns::ParseError::kNone) return std::nullopt;
  std::optional<std::uint32_t> serial;
  view.ForEachRecord([&](const dns::RecordView& record) {
    std::uint8_t octets[1024];
    dns::Writer out(octets);
    if (record.section == dns::Section::kAuthority && record.type == RRType::kSOA &&
        view.CopyRdata(record, out) && out.size() >= 22) {
      serial = dns::Reader(out.written().last(20)).U32();
    }
    return !serial;
  });
  return serial;
}

// One whole message from what was received, reading on where needed; empty: there is none.
std::vector<std::uint8_t> NextQuery(int fd, std::vector<std::uint8_t>& received) {
  while (true) {
    dns::Reader reader(received);
    const std::size_t size = reader.U16();
    if (reader.ok() && (size < dns::kHeaderSize || size > kMaxQuery)) return {};
    if (reader.ok() && reader.remaining() >= size) {
      const auto begin = received.begin() + 2;
      std::vector<std::uint8_t> query(begin, begin + static_cast<std::ptrdiff_t>(size));
      received.erase(received.begin(), begin + static_cast<std::ptrdiff_t>(size));
      return query;
    }
    std::uint8_t more[kMaxQuery];
    if (!WaitFor(fd, POLLIN, kNextQueryMs)) return {};
    const ssize_t n = ::recv(fd, more, sizeof more, MSG_DONTWAIT);
    if (n <= 0) return {};
    received.insert(received.end(), more, more + n);
  }
}

}  // namespace

TransferDesk::TransferDesk(int threads, Sent on_sent) : on_sent_(std::move(on_sent)) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Loop(); });
}

TransferDesk::~TransferDesk() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    guests_.clear();
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void TransferDesk::Offer(const dns::Name& apex, TransferOffer offer) {
  const std::lock_guard lock(mutex_);
  const std::string key = apex.Lowered().ToText();
  if (offer.copy) {
    offers_[key] = std::move(offer);
  } else {
    offers_.erase(key);
  }
}

TransferOffer TransferDesk::Find(dns::NameView apex) {
  const std::string key = dns::Name(apex).Lowered().ToText();
  const std::lock_guard lock(mutex_);
  const auto found = offers_.find(key);
  return found == offers_.end() ? TransferOffer{} : found->second;
}

void TransferDesk::Take(net::FileDescriptor socket, const net::Endpoint& client,
                        dns::Bytes received) noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || guests_.size() >= kMaxWaiting) return;
    guests_.push_back({std::move(socket), client, {received.begin(), received.end()}});
  }
  wake_.notify_one();
}

void TransferDesk::Loop() {
  while (true) {
    Guest guest;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !guests_.empty(); });
      if (stopping_) return;
      guest = std::move(guests_.front());
      guests_.pop_front();
    }
    Serve(guest);
  }
}

void TransferDesk::Serve(Guest& guest) {
  const int fd = guest.socket.get();
  while (true) {
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
    }
    const std::vector<std::uint8_t> octets = NextQuery(fd, guest.received);
    Query query;
    if (octets.empty() || query.Parse(octets) != QueryError::kNone) return;
    const TransferOffer offer = Find(query.name);
    signer::TsigExchange tsig;
    signer::TsigRecord record;
    TsigVerdict verdict = signer::TsigRecord::Find(octets, record);
    if (verdict == TsigVerdict::kGood) {
      const auto* key = offer.peers ? offer.peers->FindKey(record.key) : nullptr;
      verdict = tsig.VerifyQuery(octets, record, key, Now());
    }
    const bool is_signed = verdict == TsigVerdict::kGood;
    Reply reply(fd, query, verdict == TsigVerdict::kUnsigned ? nullptr : &tsig);
    if (verdict == TsigVerdict::kMalformed) return;
    if (!is_signed && verdict != TsigVerdict::kUnsigned) {
      if (!reply.SendRcode(Rcode::kNotAuth, true)) return;
      continue;
    }
    const bool welcome =
        offer.copy && query.rr_class == dns::RRClass::kIN &&
        ZoneTransfers::Find(offer.peers->secondaries, guest.client.address, tsig.key()) != nullptr;
    const auto had = query.type == RRType::kIXFR ? SerialAsked(octets) : std::nullopt;
    bool sent = false;
    if (!welcome) {
      sent = reply.SendRcode(Rcode::kRefused, false);
    } else if (query.type == RRType::kSOA ||
               (had && !dns::SerialIsAfter(offer.copy->serial, *had))) {
      sent = reply.SendSoa(*offer.copy);
    } else if (query.type == RRType::kAXFR || query.type == RRType::kIXFR) {
      const auto changes = had && offer.journal ? offer.journal->Since(*had) : Differences{};
      sent = changes.empty() ? reply.SendZone(*offer.copy)
                             : reply.SendDifferences(*offer.copy, changes);
      if (sent) {
        on_sent_(offer.copy->apex, guest.client, changes.empty() ? Way::kAxfr : Way::kIxfr,
                 reply.records_sent());
      }
    } else {
      sent = reply.SendRcode(Rcode::kRefused, false);
    }
    if (!sent) return;
  }
}

}  // namespace sealwire::proxy
