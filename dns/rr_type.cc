#include "dns/rr_type.h"

#include <array>
#include <charconv>

namespace sealwire::dns {
namespace {

struct Mnemonic {
  RRType type;
  std::string_view text;
};

constexpr std::array kMnemonics = {
    Mnemonic{RRType::kA, "A"},
    Mnemonic{RRType::kNS, "NS"},
    Mnemonic{RRType::kMD, "MD"},
    Mnemonic{RRType::kMF, "MF"},
    Mnemonic{RRType::kCNAME, "CNAME"},
    Mnemonic{RRType::kSOA, "SOA"},
    Mnemonic{RRType::kMB, "MB"},
    Mnemonic{RRType::kMG, "MG"},
    Mnemonic{RRType::kMR, "MR"},
    Mnemonic{RRType::kWKS, "WKS"},
    Mnemonic{RRType::kPTR, "PTR"},
    Mnemonic{RRType::kNULL, "NULL"},
    Mnemonic{RRType::kHINFO, "HINFO"},
    Mnemonic{RRType::kMINFO, "MINFO"},
    Mnemonic{RRType::kMX, "MX"},
    Mnemonic{RRType::kTXT, "TXT"},
    Mnemonic{RRType::kRP, "RP"},
    Mnemonic{RRType::kAFSDB, "AFSDB"},
    Mnemonic{RRType::kRT, "RT"},
    Mnemonic{RRType::kSIG, "SIG"},
    Mnemonic{RRType::kKEY, "KEY"},
    Mnemonic{RRType::kPX, "PX"},
    Mnemonic{RRType::kAAAA, "AAAA"},
    Mnemonic{RRType::kLOC, "LOC"},
    Mnemonic{RRType::kNXT, "NXT"},
    Mnemonic{RRType::kSRV, "SRV"},
    Mnemonic{RRType::kNAPTR, "NAPTR"},
    Mnemonic{RRType::kKX, "KX"},
    Mnemonic{RRType::kCERT, "CERT"},
    Mnemonic{RRType::kA6, "A6"},
    Mnemonic{RRType::kDNAME, "DNAME"},
    Mnemonic{RRType::kOPT, "OPT"},
    Mnemonic{RRType::kAPL, "APL"},
    Mnemonic{RRType::kDS, "DS"},
    Mnemonic{RRType::kSSHFP, "SSHFP"},
    Mnemonic{RRType::kIPSECKEY, "IPSECKEY"},
    Mnemonic{RRType::kRRSIG, "RRSIG"},
    Mnemonic{RRType::kNSEC, "NSEC"},
    Mnemonic{RRType::kDNSKEY, "DNSKEY"},
    Mnemonic{RRType::kDHCID, "DHCID"},
    Mnemonic{RRType::kNSEC3, "NSEC3"},
    Mnemonic{RRType::kNSEC3PARAM, "NSEC3PARAM"},
    Mnemonic{RRType::kTLSA, "TLSA"},
    Mnemonic{RRType::kSMIMEA, "SMIMEA"},
    Mnemonic{RRType::kHIP, "HIP"},
    Mnemonic{RRType::kCDS, "CDS"},
    Mnemonic{RRType::kCDNSKEY, "CDNSKEY"},
    Mnemonic{RRType::kOPENPGPKEY, "OPENPGPKEY"},
    Mnemonic{RRType::kCSYNC, "CSYNC"},
    Mnemonic{RRType::kZONEMD, "ZONEMD"},
    Mnemonic{RRType::kSVCB, "SVCB"},
    Mnemonic{RRType::kHTTPS, "HTTPS"},
    Mnemonic{RRType::kDSYNC, "DSYNC"},
    Mnemonic{RRType::kSPF, "SPF"},
    Mnemonic{RRType::kNID, "NID"},
    Mnemonic{RRType::kL32, "L32"},
    Mnemonic{RRType::kL64, "L64"},
    Mnemonic{RRType::kLP, "LP"},
    Mnemonic{RRType::kEUI48, "EUI48"},
    Mnemonic{RRType::kEUI64, "EUI64"},
    Mnemonic{RRType::kNXNAME, "NXNAME"},
    Mnemonic{RRType::kTKEY, "TKEY"},
    Mnemonic{RRType::kTSIG, "TSIG"},
    Mnemonic{RRType::kIXFR, "IXFR"},
    Mnemonic{RRType::kAXFR, "AXFR"},
    Mnemonic{RRType::kMAILB, "MAILB"},
    Mnemonic{RRType::kMAILA, "MAILA"},
    Mnemonic{RRType::kANY, "ANY"},
    Mnemonic{RRType::kURI, "URI"},
    Mnemonic{RRType::kCAA, "CAA"},
    Mnemonic{RRType::kALIAS, "ALIAS"},
};

bool EqualIgnoringCase(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if ((a[i] >= 'a' && a[i] <= 'z' ? a[i] - 0x20 : a[i]) != b[i]) return false;
  }
  return true;
}

}  // namespace

RdataTraits TraitsOf(RRType type) noexcept {
  constexpr std::uint8_t kRest = RdataTraits::kAnyRest;
  // Columns: may_decompress, may_compress, lower_names, fixed_before, names, after_names.
  switch (type) {
    case RRType::kNS:
    case RRType::kMD:
    case RRType::kMF:
    case RRType::kCNAME:
    case RRType::kMB:
    case RRType::kMG:
    case RRType::kMR:
    case RRType::kPTR:
      return {true, true, true, 0, 1, 0};
    case RRType::kSOA:
      return {true, true, true, 0, 2, 20};
    case RRType::kMINFO:
      return {true, true, true, 0, 2, 0};
    case RRType::kMX:
      return {true, true, true, 2, 1, 0};
    case RRType::kRP:
      return {true, false, true, 0, 2, 0};
    case RRType::kAFSDB:
    case RRType::kRT:
      return {true, false, true, 2, 1, 0};
    case RRType::kPX:
      return {true, false, true, 2, 2, 0};
    case RRType::kSIG:
      return {true, false, true, 18, 1, kRest};
    case RRType::kNXT:
      return {true, false, true, 0, 1, kRest};
    case RRType::kSRV:
      return {true, false, true, 6, 1, 0};
    case RRType::kNAPTR:
      return {true, false, true, 4, 1, 0};
    case RRType::kKX:
      return {false, false, true, 2, 1, 0};
    case RRType::kA6:
      return {false, false, true, 1, 1, 0};
    case RRType::kDNAME:
      return {false, false, true, 0, 1, 0};
    case RRType::kRRSIG:
      return {false, false, true, 18, 1, kRest};
    case RRType::kNSEC:
      return {false, false, false, 0, 1, kRest};
    case RRType::kSVCB:
    case RRType::kHTTPS:
      return {false, false, false, 2, 1, kRest};
    case RRType::kDSYNC:
      return {false, false, false, 5, 1, 0};
    case RRType::kLP:
      return {false, false, false, 2, 1, 0};
    default:
      return {};
  }
}

std::string ToText(RRType type) {
  for (const Mnemonic& m : kMnemonics) {
    if (m.type == type) return std::string(m.text);
  }
  return "TYPE" + std::to_string(static_cast<unsigned>(type));
}

std::optional<RRType> ParseRRType(std::string_view text) {
  for (const Mnemonic& m : kMnemonics) {
    if (EqualIgnoringCase(text, m.text)) return m.type;
  }
  if (text.size() < 5 || !EqualIgnoringCase(text.substr(0, 4), "TYPE")) return std::nullopt;
  const std::string_view digits = text.substr(4);
  std::uint16_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return static_cast<RRType>(value);
}

std::string ToText(Rcode rcode) {
  switch (rcode) {
    case Rcode::kNoError:
      return "NOERROR";
    case Rcode::kFormErr:
      return "FORMERR";
    case Rcode::kServFail:
      return "SERVFAIL";
    case Rcode::kNXDomain:
      return "NXDOMAIN";
    case Rcode::kNotImp:
      return "NOTIMP";
    case Rcode::kRefused:
      return "REFUSED";
    case Rcode::kNotAuth:
      return "NOTAUTH";
    case Rcode::kNotZone:
      return "NOTZONE";
    case Rcode::kBadVers:
      return "BADVERS";
    case Rcode::kBadCookie:
      return "BADCOOKIE";
  }
  return "RCODE" + std::to_string(static_cast<unsigned>(rcode));
}

bool IsMetaType(RRType type) noexcept {
  const auto value = static_cast<std::uint16_t>(type);
  return value == 0 || type == RRType::kOPT || (value >= 128 && value <= 255);
}

}  // namespace sealwire::dns
