// A query, read where it lies: header, question and OPT record (RFC 1035 section 4, RFC 6891).
//
// The common shapes, a question alone or with one OPT record, are read in one pass without a copy;
// anything else goes through dns::MessageView. Threading: value. Ownership: borrows the octets it
// was parsed from. Errors: QueryError; no allocation.
#pragma once

#include <cstdint>
#include <optional>

#include "dns/bytes.h"
#include "dns/message_view.h"
#include "dns/name.h"
#include "dns/rr_type.h"

namespace sealwire::proxy {

enum class QueryError : std::uint8_t {
  kNone,
  kUnanswerable,  // no whole header, or a response: silence is the only safe reply
  kOpcode,        // not QUERY: only the header was read
  kQuestion,      // QDCOUNT is above 1 (RFC 9619), or the question is malformed
  kNoQuestion,    // QDCOUNT is 0; what else is there is well-formed
  kRecords,       // something after the question is malformed; the question is valid
};

struct Query {
  dns::Bytes wire;
  dns::Header header;
  dns::NameView name;  // as the asker spelled it
  dns::RRType type = dns::RRType::kA;
  dns::RRClass rr_class = dns::RRClass::kIN;
  std::size_t question_end = 0;
  std::optional<dns::Edns> edns;

  QueryError Parse(dns::Bytes message) noexcept;

  bool dnssec_ok() const noexcept { return edns && edns->dnssec_ok; }
  bool compact_ok() const noexcept { return edns && edns->compact_ok; }
  // The octets from the question's name to its class.
  dns::Bytes question_wire() const noexcept {
    return wire.subspan(dns::kHeaderSize, question_end - dns::kHeaderSize);
  }

 private:
  QueryError ParseRecords() noexcept;
};

}  // namespace sealwire::proxy
