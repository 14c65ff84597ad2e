#include "proxy/answer_encoder.h"

#include "dns/edns_options.h"
#include "dns/message_writer.h"
#include "signer/validity.h"

namespace sealwire::proxy {
namespace {

using dns::MessageWriter;
using dns::RRClass;
using dns::RRType;
using dns::Section;

// The moment a signature's window ends and another signature takes its place (signer/validity.h).
std::uint64_t WindowEndMs(const ZonePolicy& policy, const signer::Validity& validity,
                          std::uint64_t now_ms) noexcept {
  const std::uint32_t window = policy.signature_validity / signer::kWindowsPerValidity;
  const std::uint32_t end = validity.inception + policy.inception_skew + window;
  const std::uint32_t left = end - static_cast<std::uint32_t>(now_ms / 1000);  // serial arithmetic
  return now_ms + std::uint64_t{left < window ? left : 0} * 1000;
}

}  // namespace

dns::Bytes AnswerEncoder::WriteOptions(std::optional<dns::ExtendedError> error) noexcept {
  dns::Writer writer(options_);
  if (error) dns::WriteExtendedError(writer, *error);
  writer.Run(standing_options_);
  options_size_ = writer.size();
  return writer.written();
}

AnswerEncoder::Made AnswerEncoder::SignatureFor(const AnswerItem& item,
                                                const signer::SigningKey& key, bool denies_name,
                                                std::uint64_t now_ms) noexcept {
  if (!item.made_ahead.empty()) return {item.made_ahead};
  const Zone& zone = *item.signed_by;
  const signer::ValidityPolicy policy{zone.policy.signature_validity, zone.policy.inception_skew};
  const signer::Validity validity = signer::ValidityAt(
      policy, signer::ValidityHash(item.rrset.owner, item.rrset.type), now_ms / 1000);
  dns::Writer writer(rrsig_);
  if (!signer_.Sign(key, zone.apex, item.rrset, validity, writer,
                    denies_name ? signer::Reuse::kUnlikely : signer::Reuse::kLikely)) {
    return {};
  }
  return {writer.written(), WindowEndMs(zone.policy, validity, now_ms)};
}

bool AnswerEncoder::Write(const Query& query, const AnswerItem& item, Answer& answer,
                          std::uint64_t now_ms, MessageWriter& writer,
                          EncodedAnswer& encoded) noexcept {
  const bool asks_signature = query.dnssec_ok() || item.signature_only;
  const bool has_stencil = asks_signature && SoaStencils::Concerns(item);
  SoaStencils::Stencil stencil;
  if (has_stencil && soas_.Find(item, query, now_ms, stencil)) {
    answer.ReuseUntil(stencil.until_ms);
    encoded.is_signed = true;
    if (!writer.AddPrepared(item.section, stencil.records, stencil.apex_size)) {
      encoded.left_out = true;
    }
    return true;
  }
  bool fits =
      item.signature_only || writer.AddRRset(item.section, item.rrset, item.rrset.owner, item.ttl);
  const bool signs = item.signed_by != nullptr && item.signed_by->keys;
  if (fits && signs && asks_signature) {
    const bool denies_name = answer.nonexistent && (item.rrset.type == RRType::kNSEC ||
                                                    item.rrset.type == RRType::kNSEC3);
    const keycache::ZoneKeys& keys = *item.signed_by->keys;
    const bool twice = item.made_ahead.empty() && keys.SignsTwice();
    for (const signer::SigningKey* key : {&keys.zsk, twice ? &keys.other_zsk : nullptr}) {
      if (!fits || key == nullptr) break;
      const Made made = SignatureFor(item, *key, denies_name, now_ms);
      if (made.rrsig.empty()) {
        encoded.kind = EncodedAnswer::Kind::kSigningFailed;
        return false;
      }
      answer.ReuseUntil(made.until_ms);
      encoded.is_signed = true;
      fits = writer.AddRecord(item.section, item.rrset.owner, RRType::kRRSIG, RRClass::kIN,
                              item.ttl, made.rrsig);
      if (has_stencil) soas_.Keep(item, made.rrsig, now_ms, made.until_ms);
    }
  }
  if (!fits && item.required) writer.SetTruncated();
  encoded.left_out |= !fits;
  return true;
}

EncodedAnswer AnswerEncoder::Encode(const Query& query, Answer& answer, std::uint64_t now_ms,
                                    dns::MutableBytes out) noexcept {
  EncodedAnswer encoded;
  const dns::EdnsReply edns{udp_size_, query.dnssec_ok(), query.compact_ok(),
                            WriteOptions(answer.error)};
  MessageWriter writer(out, query.edns ? &edns : nullptr);
  writer.StartReply(query.header, answer.authoritative);
  writer.AddQuestion(query.name, query.type, query.rr_class);
  for (const Section section : {Section::kAnswer, Section::kAuthority, Section::kAdditional}) {
    for (const AnswerItem& item : answer.items()) {
      if (item.section != section || writer.truncated()) continue;  // behind a gap: of no use
      if (!Write(query, item, answer, now_ms, writer, encoded)) return encoded;
    }
  }
  encoded.truncated = writer.truncated();
  encoded.size = static_cast<std::uint32_t>(writer.Finish(answer.rcode));
  if (encoded.size > 0) encoded.kind = EncodedAnswer::Kind::kWritten;
  return encoded;
}

std::uint32_t AnswerEncoder::EncodeRefusal(const Query& query, dns::Rcode rcode, bool echo_question,
                                           std::optional<dns::ExtendedError> error,
                                           dns::MutableBytes out) noexcept {
  const dns::EdnsReply edns{udp_size_, query.dnssec_ok(), query.compact_ok(), WriteOptions(error)};
  MessageWriter writer(out, query.edns ? &edns : nullptr);
  writer.StartReply(query.header, false);
  if (echo_question) writer.AddQuestion(query.name, query.type, query.rr_class);
  return static_cast<std::uint32_t>(writer.Finish(rcode));
}

std::uint32_t AnswerEncoder::EncodeTruncated(const Query& query, bool authoritative,
                                             dns::MutableBytes out) noexcept {
  const dns::EdnsReply edns{udp_size_, query.dnssec_ok(), query.compact_ok(),
                            WriteOptions(std::nullopt)};
  MessageWriter writer(out, query.edns ? &edns : nullptr);
  writer.StartReply(query.header, authoritative);
  writer.AddQuestion(query.name, query.type, query.rr_class);
  writer.SetTruncated();
  return static_cast<std::uint32_t>(writer.Finish(dns::Rcode::kNoError));
}

}  // namespace sealwire::proxy
