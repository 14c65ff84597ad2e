// Messages signed with a shared secret (TSIG, RFC 8945): keys, queries, replies, and the streams of
// many messages that a zone transfer is.
//
// A TsigKey is made once and shared. A TsigExchange is one question and what answers it, on either
// side: the asker signs the query, then verifies each message of the reply; the answerer verifies
// the query, then signs each message of the reply. Every code covers the one before, so messages
// must be given in their order. Time is seconds since 1970.
//
// Messages are hostile: a record that is not the last, of another class or cut short is kMalformed.
// Codes are compared in constant time. Threading: a key may be shared, an exchange belongs to one
// thread. Ownership: an exchange borrows its key. No allocation after a key is made.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "dns/bytes.h"
#include "dns/name.h"
#include "dns/result.h"
#include "dns/rr_type.h"
#include "signer/hmac.h"

namespace sealwire::signer {

class TsigKey {
 public:
  // `algorithm` is hmac-sha256, hmac-sha384, hmac-sha512 or hmac-sha1 (RFC 8945 section 6); the
  // secret is base64 as tsig-keygen and keymgr write it, at least 16 octets.
  static Result<std::shared_ptr<const TsigKey>> FromBase64(std::string_view name,
                                                           std::string_view algorithm,
                                                           std::string_view secret);
  TsigKey(dns::NameView name, HmacHash hash, dns::Bytes secret) noexcept;

  dns::NameView name() const noexcept { return name_; }  // lower-cased
  dns::NameView algorithm() const noexcept { return algorithm_; }
  const HmacKey& hmac() const noexcept { return hmac_; }
  // Octets that a record of this key adds to a message.
  std::size_t record_size() const noexcept;

 private:
  dns::Name name_;
  dns::Name algorithm_;
  HmacKey hmac_;
};

// RFC 8945 section 3, in the TSIG record's error field.
enum class TsigError : std::uint16_t {
  kNone = 0,
  kBadSig = 16,
  kBadKey = 17,
  kBadTime = 18,
  kBadTrunc = 22,
};

enum class TsigVerdict : std::uint8_t {
  kGood,
  kUnsigned,   // there is no TSIG record
  kMalformed,  // FORMERR (RFC 8945 sections 5.1 and 5.2)
  kBadKey,     // the other side, or we, do not know the key or its algorithm
  kBadSig,     // the code is wrong
  kBadTime,    // signed at another time than ours, beyond the fudge
  kBadTrunc,   // the code was cut
};

// The TSIG record of a message, where it lies.
struct TsigRecord {
  std::size_t offset = 0;  // of the record in the message: what is signed ends here
  dns::Name key;
  dns::Name algorithm;
  std::uint64_t time = 0;  // 48 bits
  std::uint16_t fudge = 0;
  dns::Bytes mac;
  std::uint16_t original_id = 0;
  std::uint16_t error = 0;
  dns::Bytes other;

  // kGood when there is one, else kUnsigned or kMalformed.
  static TsigVerdict Find(dns::Bytes message, TsigRecord& out) noexcept;
};

class TsigExchange {
 public:
  static constexpr std::uint16_t kFudge = 300;  // RFC 8945 section 10
  // More messages without a code between two that have one are refused (RFC 8945 section 5.3.1).
  static constexpr int kMaxUnsigned = 99;

  // The asker's side.
  explicit TsigExchange(const TsigKey& key) noexcept : key_(&key) {}
  // The asker's side again, after the query was signed with the code `mac`: for who keeps no more
  // of a question than that.
  TsigExchange(const TsigKey& key, dns::Bytes mac) noexcept : key_(&key) { Remember(mac); }
  // The answerer's side: the key is found when the query is verified.
  TsigExchange() = default;

  // Appends a TSIG record to the message in the first `size` octets of `buffer`: the query, or one
  // after the other the messages that answer it. Returns the new size; 0 when it does not fit.
  std::size_t Sign(dns::MutableBytes buffer, std::size_t size, std::uint64_t now) noexcept;

  // Verifies one message of the reply. A message of a stream may be kUnsigned, as long as the last
  // is not: EndsSigned(). On kGood `size` is the message without the record.
  TsigVerdict VerifyReply(dns::Bytes message, std::uint64_t now, std::size_t& size) noexcept;
  // The last message given to VerifyReply() had a good code of its own.
  bool EndsSigned() const noexcept { return messages_ > 0 && unsigned_ == 0; }

  // Verifies a query whose record was found; `key` is who `record.key` names, null when nobody is
  // known by that name.
  TsigVerdict VerifyQuery(dns::Bytes query, const TsigRecord& record, const TsigKey* key,
                          std::uint64_t now) noexcept;
  // Octets that Sign() or SignError() adds to a reply.
  std::size_t reply_size() const noexcept;
  // Appends what tells the asker of a verdict that was not kGood (RFC 8945 section 5.3.2); its
  // message has RCODE NOTAUTH. Returns the new size, 0 when it does not fit.
  std::size_t SignError(dns::MutableBytes buffer, std::size_t size, std::uint64_t now) noexcept;

  // The code made or verified last.
  dns::Bytes mac() const noexcept { return dns::Bytes(prior_).first(prior_size_); }

  // Null until a query named a key that is known.
  const TsigKey* key() const noexcept { return key_; }

 private:
  TsigVerdict Verify(dns::Bytes message, const TsigRecord& record, bool timers_only,
                     std::uint64_t now) noexcept;
  void Digest(Hmac& hmac, dns::Bytes message, std::size_t end, std::uint16_t id) const noexcept;
  void Remember(dns::Bytes mac) noexcept;
  std::size_t Append(dns::MutableBytes buffer, std::size_t size, dns::Bytes mac, std::uint64_t time,
                     TsigError error, dns::Bytes other) noexcept;

  const TsigKey* key_ = nullptr;
  std::array<std::uint8_t, kMaxMacSize> prior_{};  // the code before
  std::size_t prior_size_ = 0;
  int messages_ = 0;  // of the reply, so far
  int unsigned_ = 0;  // of these, since the last code
  std::optional<Hmac> running_;
  // Of a query that was not good:
  TsigError error_ = TsigError::kNone;
  std::uint64_t asker_time_ = 0;
  dns::Name unknown_key_;
  dns::Name unknown_algorithm_;
};

}  // namespace sealwire::signer
