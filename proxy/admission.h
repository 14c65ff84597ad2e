// What is answered at all, and how the rest is turned away.
//
// RFC 1035 section 4.1.1, RFC 9619 (one question), RFC 6891 section 6.1.3 (EDNS versions), RFC 9824
// section 3.5 (no query for NXNAME), RFC 5936 (no zone transfer to clients), RFC 7873 section 5.4
// (a question-less query for a cookie). Threading: pure.
#pragma once

#include <cstdint>
#include <optional>

#include "dns/rr_type.h"
#include "proxy/query.h"

namespace sealwire::proxy {

struct Admission {
  enum class Kind : std::uint8_t { kAdmitted, kSilence, kRefusal, kChaos } kind = Kind::kAdmitted;
  // For kRefusal, which with NOERROR is an answer without data:
  dns::Rcode rcode = dns::Rcode::kNoError;
  bool echo_question = false;  // false: the question could not be read
  std::optional<dns::ExtendedError> error;
};

// `parsed` is what query.Parse() gave.
Admission Admit(const Query& query, QueryError parsed) noexcept;

}  // namespace sealwire::proxy
