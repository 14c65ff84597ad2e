// RR types, classes, opcodes, RCODEs and EDNS codes that Sealwire names, each with its source.
//
// A type that is not named here is no error: it passes through untouched (RFC 3597).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sealwire::dns {

enum class RRType : std::uint16_t {
  kA = 1,            // RFC 1035
  kNS = 2,           // RFC 1035
  kMD = 3,           // RFC 1035, obsolete
  kMF = 4,           // RFC 1035, obsolete
  kCNAME = 5,        // RFC 1035
  kSOA = 6,          // RFC 1035
  kMB = 7,           // RFC 1035
  kMG = 8,           // RFC 1035
  kMR = 9,           // RFC 1035
  kWKS = 11,         // RFC 1035
  kPTR = 12,         // RFC 1035
  kNULL = 10,        // RFC 1035, RFC 8145
  kHINFO = 13,       // RFC 1035, RFC 8482
  kMINFO = 14,       // RFC 1035
  kMX = 15,          // RFC 1035
  kTXT = 16,         // RFC 1035
  kRP = 17,          // RFC 1183
  kAFSDB = 18,       // RFC 1183
  kRT = 21,          // RFC 1183
  kSIG = 24,         // RFC 2535
  kKEY = 25,         // RFC 2535
  kPX = 26,          // RFC 2163
  kAAAA = 28,        // RFC 3596
  kLOC = 29,         // RFC 1876
  kNXT = 30,         // RFC 2535, obsolete
  kSRV = 33,         // RFC 2782
  kNAPTR = 35,       // RFC 3403
  kKX = 36,          // RFC 2230
  kCERT = 37,        // RFC 4398
  kA6 = 38,          // RFC 2874, historic
  kDNAME = 39,       // RFC 6672
  kOPT = 41,         // RFC 6891
  kAPL = 42,         // RFC 3123
  kDS = 43,          // RFC 4034
  kSSHFP = 44,       // RFC 4255
  kIPSECKEY = 45,    // RFC 4025
  kRRSIG = 46,       // RFC 4034
  kNSEC = 47,        // RFC 4034
  kDNSKEY = 48,      // RFC 4034
  kDHCID = 49,       // RFC 4701
  kNSEC3 = 50,       // RFC 5155
  kNSEC3PARAM = 51,  // RFC 5155
  kTLSA = 52,        // RFC 6698
  kSMIMEA = 53,      // RFC 8162
  kHIP = 55,         // RFC 8005
  kCDS = 59,         // RFC 7344
  kCDNSKEY = 60,     // RFC 7344
  kOPENPGPKEY = 61,  // RFC 7929
  kCSYNC = 62,       // RFC 7477
  kZONEMD = 63,      // RFC 8976
  kSVCB = 64,        // RFC 9460
  kHTTPS = 65,       // RFC 9460
  kDSYNC = 66,       // RFC 9859
  kSPF = 99,         // RFC 7208
  kNID = 104,        // RFC 6742
  kL32 = 105,        // RFC 6742
  kL64 = 106,        // RFC 6742
  kLP = 107,         // RFC 6742
  kEUI48 = 108,      // RFC 7043
  kEUI64 = 109,      // RFC 7043
  kNXNAME = 128,     // RFC 9824
  kTKEY = 249,       // RFC 2930
  kTSIG = 250,       // RFC 8945
  kIXFR = 251,       // RFC 1995
  kAXFR = 252,       // RFC 5936
  kMAILB = 253,      // RFC 1035
  kMAILA = 254,      // RFC 1035
  kANY = 255,        // RFC 1035, RFC 8482
  kURI = 256,        // RFC 7553
  kCAA = 257,        // RFC 8659
  kALIAS = 65401,    // private use: flattened apex, as PowerDNS numbers it
};

enum class RRClass : std::uint16_t { kIN = 1, kCH = 3, kNONE = 254, kANY = 255 };

enum class Opcode : std::uint8_t { kQuery = 0, kIQuery = 1, kStatus = 2, kNotify = 4, kUpdate = 5 };

// RFC 1035, RFC 2136, RFC 6891; values above 15 need an OPT record.
enum class Rcode : std::uint16_t {
  kNoError = 0,
  kFormErr = 1,
  kServFail = 2,
  kNXDomain = 3,
  kNotImp = 4,
  kRefused = 5,
  kNotAuth = 9,
  kNotZone = 10,
  kBadVers = 16,
  kBadCookie = 23,
};

// EDNS option codes.
enum class EdnsOption : std::uint16_t {
  kNsid = 3,            // RFC 5001
  kAlgorithms = 5,      // RFC 6975: DAU
  kDsHashes = 6,        // RFC 6975: DHU
  kNsec3Hashes = 7,     // RFC 6975: N3U
  kClientSubnet = 8,    // RFC 7871
  kCookie = 10,         // RFC 7873
  kTcpKeepalive = 11,   // RFC 7828
  kPadding = 12,        // RFC 7830
  kKeyTag = 14,         // RFC 8145
  kExtendedError = 15,  // RFC 8914
  kReportChannel = 18,  // RFC 9567
};

// Extended DNS errors (RFC 8914, RFC 9824).
enum class ExtendedError : std::uint16_t {
  kOther = 0,
  kStaleAnswer = 3,
  kProhibited = 18,
  kStaleNxdomain = 19,
  kNotReady = 14,
  kNotAuthoritative = 20,
  kNotSupported = 21,
  kNoReachableAuthority = 22,
  kNetworkError = 23,
  kInvalidQueryType = 30,
};

// How the names inside the RDATA of a type are treated.
struct RdataTraits {
  bool may_decompress;  // received compressed names are followed (RFC 1035 and RFC 3597 section 4)
  bool may_compress;    // our writer may compress them: RFC 1035 types only (RFC 3597 section 4)
  bool lower_names;  // lower-cased in canonical form (RFC 4034 section 6.2 as amended by RFC 6840
                     // section 5.1)
  // Shape of the RDATA: how many fixed octets, then how many names, then the rest verbatim.
  // A6 and NAPTR have a prefix of their own: dns/rdata.h knows it.
  std::uint8_t fixed_before;
  std::uint8_t names;
  std::uint8_t after_names;  // octets after the last name; kAnyRest: any number
  static constexpr std::uint8_t kAnyRest = 255;
};
// Traits of `type`; all-zero for types without names, or unknown ones.
RdataTraits TraitsOf(RRType type) noexcept;

// "AAAA", or "TYPE65280" for a type without mnemonic (RFC 3597 section 5).
std::string ToText(RRType type);
// Mnemonic or TYPEnnn, upper or lower case.
std::optional<RRType> ParseRRType(std::string_view text);
std::string ToText(Rcode rcode);

// QTYPEs and meta types that never are data: OPT, TKEY to ANY (128 to 255, RFC 6895 section 3.1)
// and 0.
bool IsMetaType(RRType type) noexcept;

}  // namespace sealwire::dns
