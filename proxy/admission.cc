#include "proxy/admission.h"

namespace sealwire::proxy {
namespace {

using dns::ExtendedError;
using dns::Rcode;
using dns::RRType;
using Kind = Admission::Kind;

Admission Refuse(Rcode rcode, std::optional<ExtendedError> error = std::nullopt) noexcept {
  return {Kind::kRefusal, rcode, true, error};
}

Admission AdmitType(RRType type) noexcept {
  switch (type) {
    case RRType::kANY:
      return {};
    case RRType::kAXFR:
    case RRType::kIXFR:
      return Refuse(Rcode::kRefused, ExtendedError::kProhibited);
    case RRType::kMAILA:
    case RRType::kMAILB:
      return Refuse(Rcode::kNotImp, ExtendedError::kNotSupported);
    default:
      // RFC 9824 section 3.5 for NXNAME; OPT, TSIG and their like are no data either.
      if (dns::IsMetaType(type)) return Refuse(Rcode::kFormErr, ExtendedError::kInvalidQueryType);
      return {};
  }
}

// RFC 7873 section 5.4: whoever only wants a cookie need not ask for anything else.
Rcode RcodeWithoutQuestion(const Query& query) noexcept {
  if (query.edns && query.edns->version > 0) return Rcode::kBadVers;
  return query.edns && query.edns->Find(dns::EdnsOption::kCookie) ? Rcode::kNoError
                                                                  : Rcode::kFormErr;
}

}  // namespace

Admission Admit(const Query& query, QueryError parsed) noexcept {
  switch (parsed) {
    case QueryError::kUnanswerable:
      return {Kind::kSilence, Rcode::kNoError, false, std::nullopt};
    case QueryError::kOpcode:
      return {Kind::kRefusal, Rcode::kNotImp, false, std::nullopt};
    case QueryError::kQuestion:
      return {Kind::kRefusal, Rcode::kFormErr, false, std::nullopt};
    case QueryError::kNoQuestion:
      return {Kind::kRefusal, RcodeWithoutQuestion(query), false, std::nullopt};
    case QueryError::kRecords:
      return Refuse(Rcode::kFormErr);
    case QueryError::kNone:
      break;
  }
  // Before all else: a client of a later version may mean anything by the rest.
  if (query.edns && query.edns->version > 0) return Refuse(Rcode::kBadVers);
  if (query.rr_class == dns::RRClass::kCH) return {Kind::kChaos, Rcode::kNoError, true, {}};
  if (query.rr_class != dns::RRClass::kIN) return Refuse(Rcode::kRefused);
  return AdmitType(query.type);
}

}  // namespace sealwire::proxy
