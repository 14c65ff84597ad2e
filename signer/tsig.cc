#include "signer/tsig.h"

#include <algorithm>

#include "dns/message_view.h"

namespace sealwire::signer {
namespace {

constexpr std::uint16_t kClassAny = 255;
constexpr std::size_t kArcountAt = 10;

// Name, type, class, TTL and RDLENGTH are skipped; names may be compressed.
bool SkipName(dns::Reader& reader) noexcept {
  while (reader.ok()) {
    const std::uint8_t size = reader.U8();
    if (size == 0) return reader.ok();
    if ((size & 0xc0) == 0xc0) {
      reader.Skip(1);
      return reader.ok();
    }
    if ((size & 0xc0) != 0) return false;
    reader.Skip(size);
  }
  return false;
}

std::uint16_t U16At(dns::Bytes message, std::size_t at) noexcept {
  return dns::Reader(message, at).U16();
}

void WriteTime(dns::Writer& out, std::uint64_t time) noexcept {
  out.U16(static_cast<std::uint16_t>(time >> 32));
  out.U32(static_cast<std::uint32_t>(time));
}

// RFC 8945 section 4.3.3: names in canonical form.
void WriteName(dns::Writer& out, dns::NameView name) noexcept {
  out.Run(name.Lowered().wire());
}

void AddPriorMac(Hmac& hmac, dns::Bytes mac) noexcept {
  std::array<std::uint8_t, 2> size{};
  dns::Writer(size).U16(static_cast<std::uint16_t>(mac.size()));
  hmac.Update(size);
  hmac.Update(mac);
}

void AddTimers(Hmac& hmac, std::uint64_t time, std::uint16_t fudge) noexcept {
  std::array<std::uint8_t, 8> octets{};
  dns::Writer out(octets);
  WriteTime(out, time);
  out.U16(fudge);
  hmac.Update(octets);
}

void AddVariables(Hmac& hmac, dns::NameView key, dns::NameView algorithm, std::uint64_t time,
                  std::uint16_t fudge, std::uint16_t error, dns::Bytes other) noexcept {
  std::array<std::uint8_t, 2 * dns::kMaxNameSize + 18> octets{};
  dns::Writer out(octets);
  WriteName(out, key);
  out.U16(kClassAny);
  out.U32(0);
  WriteName(out, algorithm);
  WriteTime(out, time);
  out.U16(fudge);
  out.U16(error);
  out.U16(static_cast<std::uint16_t>(other.size()));
  hmac.Update(out.written());
  hmac.Update(other);
}

bool ReadName(dns::Reader& reader, dns::Bytes within, dns::Name& out) noexcept {
  const auto name = dns::NameView::Parse(within.subspan(reader.position()));
  if (!name) return false;
  out = dns::Name(*name);
  reader.Skip(name->size());
  return true;
}

TsigVerdict ReadRdata(dns::Bytes rdata, TsigRecord& out) noexcept {
  dns::Reader reader(rdata);
  if (!ReadName(reader, rdata, out.algorithm)) return TsigVerdict::kMalformed;
  const std::uint64_t high = reader.U16();
  out.time = high << 32 | reader.U32();
  out.fudge = reader.U16();
  out.mac = reader.Run(reader.U16());
  out.original_id = reader.U16();
  out.error = reader.U16();
  out.other = reader.Run(reader.U16());
  return reader.ok() && reader.remaining() == 0 ? TsigVerdict::kGood : TsigVerdict::kMalformed;
}

}  // namespace

TsigVerdict TsigRecord::Find(dns::Bytes message, TsigRecord& out) noexcept {
  const auto header = dns::ParseHeader(message);
  if (!header) return TsigVerdict::kMalformed;
  dns::Reader reader(message, dns::kHeaderSize);
  for (int i = 0; i < header->qdcount; ++i) {
    if (!SkipName(reader)) return TsigVerdict::kMalformed;
    reader.Skip(4);
  }
  const std::uint32_t before_additional = std::uint32_t{header->ancount} + header->nscount;
  const std::uint32_t records = before_additional + header->arcount;
  for (std::uint32_t i = 0; i < records; ++i) {
    const std::size_t owner = reader.position();
    if (!SkipName(reader)) return TsigVerdict::kMalformed;
    const auto type = static_cast<dns::RRType>(reader.U16());
    const std::uint16_t rr_class = reader.U16();
    const std::uint32_t ttl = reader.U32();
    const dns::Bytes rdata = reader.Run(reader.U16());
    if (!reader.ok()) return TsigVerdict::kMalformed;
    if (type != dns::RRType::kTSIG) continue;
    // The last record of the additional section, and the only one of its kind (section 5.1).
    if (i + 1 != records || i < before_additional || rr_class != kClassAny || ttl != 0 ||
        reader.remaining() != 0) {
      return TsigVerdict::kMalformed;
    }
    // Some askers compress the key's name against the question.
    dns::MessageView view;
    if (view.Parse(message, dns::QuestionRule::kOneOrNone) != dns::ParseError::kNone) {
      return TsigVerdict::kMalformed;
    }
    std::size_t end = 0;
    const auto key = view.ReadName(owner, end);
    if (!key) return TsigVerdict::kMalformed;
    out.offset = owner;
    out.key = *key;
    return ReadRdata(rdata, out);
  }
  return reader.ok() ? TsigVerdict::kUnsigned : TsigVerdict::kMalformed;
}

// The message as it was before the record: one additional record less, the id it was signed with.
void TsigExchange::Digest(Hmac& hmac, dns::Bytes message, std::size_t end,
                          std::uint16_t id) const noexcept {
  std::array<std::uint8_t, dns::kHeaderSize> header{};
  dns::Writer out(header);
  out.Run(message.first(dns::kHeaderSize));
  out.PatchU16(0, id);
  if (end != message.size()) {
    out.PatchU16(kArcountAt, static_cast<std::uint16_t>(U16At(message, kArcountAt) - 1));
  }
  hmac.Update(header);
  hmac.Update(message.subspan(dns::kHeaderSize, end - dns::kHeaderSize));
}

void TsigExchange::Remember(dns::Bytes mac) noexcept {
  prior_size_ = mac.size();
  std::memcpy(prior_.data(), mac.data(), mac.size());
}

std::size_t TsigExchange::Append(dns::MutableBytes buffer, std::size_t size, dns::Bytes mac,
                                 std::uint64_t time, TsigError error, dns::Bytes other) noexcept {
  dns::Writer out(buffer.subspan(size));
  out.Run(key_ != nullptr ? key_->name().wire() : unknown_key_.wire());
  out.U16(static_cast<std::uint16_t>(dns::RRType::kTSIG));
  out.U16(kClassAny);
  out.U32(0);
  const std::size_t rdata_size_at = out.size();
  out.U16(0);
  out.Run(key_ != nullptr ? key_->algorithm().wire() : unknown_algorithm_.wire());
  WriteTime(out, time);
  out.U16(kFudge);
  out.U16(static_cast<std::uint16_t>(mac.size()));
  out.Run(mac);
  out.U16(U16At(buffer, 0));
  out.U16(static_cast<std::uint16_t>(error));
  out.U16(static_cast<std::uint16_t>(other.size()));
  out.Run(other);
  if (!out.ok()) return 0;
  out.PatchU16(rdata_size_at, static_cast<std::uint16_t>(out.size() - rdata_size_at - 2));
  dns::Writer header(buffer);
  const std::uint16_t additional = U16At(buffer, kArcountAt);
  header.Run(dns::Bytes(buffer).first(dns::kHeaderSize));
  header.PatchU16(kArcountAt, static_cast<std::uint16_t>(additional + 1));
  return size + out.size();
}

std::size_t TsigExchange::Sign(dns::MutableBytes buffer, std::size_t size,
                               std::uint64_t now) noexcept {
  if (key_ == nullptr || size < dns::kHeaderSize || size > buffer.size()) return 0;
  Hmac hmac(key_->hmac());
  if (prior_size_ != 0) AddPriorMac(hmac, dns::Bytes(prior_).first(prior_size_));
  hmac.Update(dns::Bytes(buffer).first(size));
  // RFC 8945 section 5.3.1: later messages of a stream are signed with the timers alone.
  if (messages_ > 0) {
    AddTimers(hmac, now, kFudge);
  } else {
    AddVariables(hmac, key_->name(), key_->algorithm(), now, kFudge, 0, {});
  }
  std::array<std::uint8_t, kMaxMacSize> octets{};
  const dns::Bytes mac = hmac.Finish(octets);
  const std::size_t total = Append(buffer, size, mac, now, TsigError::kNone, {});
  if (total == 0) return 0;
  // The query is the message before the reply's first.
  if (prior_size_ != 0) ++messages_;
  Remember(mac);
  return total;
}

TsigVerdict TsigExchange::Verify(dns::Bytes message, const TsigRecord& record, bool timers_only,
                                 std::uint64_t now) noexcept {
  const std::size_t whole = MacSize(key_->hmac().hash());
  // Section 5.2.2.1: too long or too short to be one.
  if (record.mac.size() > whole || record.mac.size() < std::max<std::size_t>(10, whole / 2)) {
    return TsigVerdict::kMalformed;
  }
  std::array<std::uint8_t, kMaxMacSize> octets{};
  if (!running_) {
    running_.emplace(key_->hmac());
    if (prior_size_ != 0) AddPriorMac(*running_, dns::Bytes(prior_).first(prior_size_));
  }
  Digest(*running_, message, record.offset, record.original_id);
  if (timers_only) {
    AddTimers(*running_, record.time, record.fudge);
  } else {
    AddVariables(*running_, record.key, record.algorithm, record.time, record.fudge, record.error,
                 record.other);
  }
  const dns::Bytes mac = running_->Finish(octets);
  running_.reset();
  if (!EqualInConstantTime(mac.first(record.mac.size()), record.mac)) return TsigVerdict::kBadSig;
  Remember(record.mac);
  // Only now is the time believed (section 5.2.3).
  const std::uint64_t apart = record.time > now ? record.time - now : now - record.time;
  if (apart > record.fudge) return TsigVerdict::kBadTime;
  // Nothing is gained by cutting a code: local policy (section 5.2.4) is to take none that was.
  return record.mac.size() == whole ? TsigVerdict::kGood : TsigVerdict::kBadTrunc;
}

TsigVerdict TsigExchange::VerifyReply(dns::Bytes message, std::uint64_t now,
                                      std::size_t& size) noexcept {
  size = message.size();
  if (key_ == nullptr || prior_size_ == 0) return TsigVerdict::kMalformed;
  TsigRecord record;
  const TsigVerdict found = TsigRecord::Find(message, record);
  if (found == TsigVerdict::kMalformed) return found;
  if (found == TsigVerdict::kUnsigned) {
    ++unsigned_;
    // The first message has a code; the codes to come cover those without.
    if (messages_ == 0) return TsigVerdict::kUnsigned;
    if (unsigned_ > kMaxUnsigned) return TsigVerdict::kBadSig;
    if (!running_) {
      running_.emplace(key_->hmac());
      AddPriorMac(*running_, dns::Bytes(prior_).first(prior_size_));
    }
    running_->Update(message);
    return TsigVerdict::kUnsigned;
  }
  if (!(record.key == key_->name()) || !(record.algorithm == key_->algorithm())) {
    return TsigVerdict::kBadKey;
  }
  // An error that could not be signed speaks for itself, though nobody vouches for it.
  if (record.mac.empty()) {
    return record.error == static_cast<std::uint16_t>(TsigError::kBadKey) ? TsigVerdict::kBadKey
                                                                          : TsigVerdict::kBadSig;
  }
  TsigVerdict verdict = Verify(message, record, messages_ > 0, now);
  if (verdict != TsigVerdict::kGood) return verdict;
  if (record.error == static_cast<std::uint16_t>(TsigError::kBadTime)) return TsigVerdict::kBadTime;
  if (record.error != 0) return TsigVerdict::kBadTrunc;
  ++messages_;
  unsigned_ = 0;
  size = record.offset;
  return TsigVerdict::kGood;
}

TsigVerdict TsigExchange::VerifyQuery(dns::Bytes query, const TsigRecord& record,
                                      const TsigKey* key, std::uint64_t now) noexcept {
  key_ = key;
  if (key_ == nullptr || !(record.algorithm == key_->algorithm())) {
    key_ = nullptr;
    unknown_key_ = record.key;
    unknown_algorithm_ = record.algorithm;
    asker_time_ = record.time;
    error_ = TsigError::kBadKey;
    return TsigVerdict::kBadKey;
  }
  asker_time_ = record.time;
  const TsigVerdict verdict = Verify(query, record, false, now);
  error_ = verdict == TsigVerdict::kBadSig     ? TsigError::kBadSig
           : verdict == TsigVerdict::kBadTime  ? TsigError::kBadTime
           : verdict == TsigVerdict::kBadTrunc ? TsigError::kBadTrunc
                                               : TsigError::kNone;
  return verdict;
}

std::size_t TsigExchange::reply_size() const noexcept {
  const std::size_t other = error_ == TsigError::kBadTime ? 6 : 0;
  if (key_ != nullptr) return key_->record_size() + other;
  return unknown_key_.size() + 10 + unknown_algorithm_.size() + 16 + other;
}

std::size_t TsigExchange::SignError(dns::MutableBytes buffer, std::size_t size,
                                    std::uint64_t now) noexcept {
  if (size < dns::kHeaderSize || size > buffer.size()) return 0;
  // Section 5.3.2: who does not have the key gets nothing that was made with it.
  if (key_ == nullptr || error_ == TsigError::kBadSig || error_ == TsigError::kBadKey) {
    return Append(buffer, size, {}, asker_time_, error_, {});
  }
  std::array<std::uint8_t, 6> server_time{};
  dns::Writer time(server_time);
  dns::Bytes other;
  if (error_ == TsigError::kBadTime) {
    WriteTime(time, now);
    other = server_time;
  }
  Hmac hmac(key_->hmac());
  AddPriorMac(hmac, dns::Bytes(prior_).first(prior_size_));
  hmac.Update(dns::Bytes(buffer).first(size));
  AddVariables(hmac, key_->name(), key_->algorithm(), asker_time_, kFudge,
               static_cast<std::uint16_t>(error_), other);
  std::array<std::uint8_t, kMaxMacSize> octets{};
  return Append(buffer, size, hmac.Finish(octets), asker_time_, error_, other);
}

}  // namespace sealwire::signer
