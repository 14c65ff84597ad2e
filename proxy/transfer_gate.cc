#include "proxy/transfer_gate.h"

#include "dns/message_view.h"
#include "proxy/zone_transfers.h"

namespace sealwire::proxy {
namespace {

using dns::Rcode;
using dns::RRType;
using signer::TsigVerdict;

// Header and question of the query as a reply without records.
std::size_t WriteReply(const Query& query, std::size_t question_end, Rcode rcode, bool aa,
                       dns::MutableBytes out) noexcept {
  dns::Writer writer(out);
  writer.Run(query.wire.first(question_end));
  if (!writer.ok()) return 0;
  const std::uint16_t opcode_and_rd = dns::Reader(query.wire, 2).U16() & 0x7900;
  writer.PatchU16(2, static_cast<std::uint16_t>(0x8000 | opcode_and_rd | (aa ? 0x0400 : 0) |
                                                (static_cast<std::uint16_t>(rcode) & 0x0f)));
  writer.PatchU16(4, question_end > dns::kHeaderSize ? 1 : 0);
  for (std::size_t at = 6; at < 12; at += 2) writer.PatchU16(at, 0);
  return writer.size();
}

// Verifies a record that was found, with a key of the zone's peers.
TsigVerdict Verify(const Query& query, const Zone* zone, std::uint64_t now,
                   signer::TsigExchange& tsig) noexcept {
  signer::TsigRecord record;
  const TsigVerdict found = signer::TsigRecord::Find(query.wire, record);
  if (found != TsigVerdict::kGood) return found;
  const signer::TsigKey* key =
      zone != nullptr && zone->transfers ? zone->transfers->FindKey(record.key) : nullptr;
  return tsig.VerifyQuery(query.wire, record, key, now);
}

TransferGate::Passed Answered(std::size_t size) noexcept {
  return {size == 0 ? TransferGate::Kind::kDrop : TransferGate::Kind::kAnswered,
          static_cast<std::uint32_t>(size)};
}

// RFC 8945 section 5.2: FORMERR for a malformed record, else NOTAUTH with the reason.
TransferGate::Passed TellVerdict(const Query& query, std::size_t question_end, TsigVerdict verdict,
                                 std::uint64_t now, signer::TsigExchange& tsig,
                                 dns::MutableBytes out) noexcept {
  if (verdict == TsigVerdict::kMalformed) {
    return Answered(WriteReply(query, question_end, Rcode::kFormErr, false, out));
  }
  const std::size_t size = WriteReply(query, question_end, Rcode::kNotAuth, false, out);
  return Answered(size == 0 ? 0 : tsig.SignError(out, size, now));
}

}  // namespace

TransferGate::Passed TransferGate::Pass(const Query& query, const ZoneTable& zones,
                                        const Asker& from, std::uint64_t unix_seconds,
                                        signer::TsigExchange& tsig,
                                        dns::MutableBytes out) noexcept {
  if (query.header.opcode == dns::Opcode::kNotify) {
    return TakeNotify(query, zones, from, unix_seconds, tsig, out);
  }
  const bool transfer = query.type == RRType::kAXFR || query.type == RRType::kIXFR;
  const Zone* zone = transfer ? zones.FindApex(query.name) : zones.Find(query.name);
  if (transfer) {
    // Who is not listed is refused like everyone (proxy/admission.h). The secret is asked for by
    // who makes the transfer.
    if (zone == nullptr || !zone->transfers ||
        !ZoneTransfers::IsListed(zone->transfers->secondaries, from.client.address)) {
      return {};
    }
    if (from.transport == Transport::kTcp) return {Kind::kHandOver, 0};
    // RFC 1995 section 2: over UDP the answer is that it does not fit.
    return {query.type == RRType::kIXFR ? Kind::kTruncate : Kind::kPass, 0};
  }
  const TsigVerdict verdict = Verify(query, zone, unix_seconds, tsig);
  if (verdict == TsigVerdict::kUnsigned) return {};
  if (verdict == TsigVerdict::kGood) return {Kind::kSigned, 0};
  return TellVerdict(query, query.question_end, verdict, unix_seconds, tsig, out);
}

TransferGate::Passed TransferGate::TakeNotify(const Query& query, const ZoneTable& zones,
                                              const Asker& from, std::uint64_t unix_seconds,
                                              signer::TsigExchange& tsig,
                                              dns::MutableBytes out) noexcept {
  if (notices_ == nullptr) return {};
  dns::MessageView view;
  if (view.Parse(query.wire) != dns::ParseError::kNone || view.question().type != RRType::kSOA ||
      view.question().rr_class != dns::RRClass::kIN) {
    return Answered(WriteReply(query, dns::kHeaderSize, Rcode::kFormErr, false, out));
  }
  const std::size_t end = view.question_end();
  const Zone* zone = zones.FindApex(view.question().name);
  const TsigVerdict verdict = Verify(query, zone, unix_seconds, tsig);
  const bool is_signed = verdict == TsigVerdict::kGood;
  if (!is_signed && verdict != TsigVerdict::kUnsigned) {
    return TellVerdict(query, end, verdict, unix_seconds, tsig, out);
  }
  const bool welcome =
      zone != nullptr && zone->transfers &&
      (ZoneTransfers::Find(zone->transfers->primaries, from.client.address, tsig.key()) != nullptr);
  // Unanswered it comes again (RFC 1996 section 3.6).
  if (welcome && !notices_->Put(zone->transfers->id)) return {Kind::kDrop, 0};
  std::size_t size =
      WriteReply(query, end, welcome ? Rcode::kNoError : Rcode::kRefused, welcome, out);
  if (size != 0 && is_signed) size = tsig.Sign(out, size, unix_seconds);
  return Answered(size);
}

}  // namespace sealwire::proxy
