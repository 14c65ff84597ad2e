// What concerns transfers among the queries that come in: NOTIFY (RFC 1996), AXFR and IXFR (RFC
// 5936, RFC 1995), and whatever is signed with TSIG (RFC 8945).
//
// A NOTIFY from a primary is put among the notices and answered; a query for a transfer from a
// listed secondary is handed to who makes transfers (kHandOver, over TCP only); a signed query is
// verified, answered as any other, and the answer signed. Everyone else is refused. Threading: one
// worker. Ownership: notices are borrowed and may be null: NOTIFY then gets NOTIMP. No
// allocation.
#pragma once

#include <cstdint>

#include "dns/bytes.h"
#include "proxy/notices.h"
#include "proxy/pipeline.h"
#include "proxy/query.h"
#include "proxy/zone.h"
#include "signer/tsig.h"

namespace sealwire::proxy {

class TransferGate {
 public:
  explicit TransferGate(Notices* notices) noexcept : notices_(notices) {}

  // Whether Pass() has anything to say of the query; cheap.
  static bool Concerns(const Query& query, QueryError parsed) noexcept {
    if (parsed == QueryError::kOpcode) return query.header.opcode == dns::Opcode::kNotify;
    if (parsed != QueryError::kNone) return false;
    return query.type == dns::RRType::kAXFR || query.type == dns::RRType::kIXFR ||
           query.header.arcount > (query.edns ? 1 : 0);
  }

  enum class Kind : std::uint8_t {
    kPass,      // a query like any other
    kSigned,    // the same, verified: the answer is to be signed with `tsig`
    kAnswered,  // `size` octets of `out`
    kTruncate,  // to be asked for over TCP
    kDrop,
    kHandOver,
  };
  struct Passed {
    Kind kind = Kind::kPass;
    std::uint32_t size = 0;
  };
  Passed Pass(const Query& query, const ZoneTable& zones, const Asker& from,
              std::uint64_t unix_seconds, signer::TsigExchange& tsig,
              dns::MutableBytes out) noexcept;

 private:
  Passed TakeNotify(const Query& query, const ZoneTable& zones, const Asker& from,
                    std::uint64_t unix_seconds, signer::TsigExchange& tsig,
                    dns::MutableBytes out) noexcept;

  Notices* notices_;
};

}  // namespace sealwire::proxy
