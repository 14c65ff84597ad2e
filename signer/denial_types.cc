#include "signer/denial_types.h"

namespace sealwire::signer {
namespace {

using dns::RRType;
using dns::TypeBitmap;

void AddApexTypes(const ApexTypes& apex, TypeBitmap& types) noexcept {
  if (apex.dnskey) types.Add(RRType::kDNSKEY);
  if (apex.cds) types.Add(RRType::kCDS);
  if (apex.cdnskey) types.Add(RRType::kCDNSKEY);
}

// All data types a source might hold at any name, ascending: the registry of RR types, less those
// that would change what an NSEC means, those of an apex, and DNSSEC's own.
constexpr RRType kPossible[] = {
    RRType::kA,          RRType::kMD,    RRType::kMF,       RRType::kMB,    RRType::kMG,
    RRType::kMR,         RRType{10},  // NULL
    RRType::kWKS,        RRType::kPTR,   RRType::kHINFO,    RRType::kMINFO, RRType::kMX,
    RRType::kTXT,        RRType::kRP,    RRType::kAFSDB,    RRType{19},                  // X25
    RRType{20},                                                                          // ISDN
    RRType::kRT,         RRType{22},                                                     // NSAP
    RRType{23},                                                                          // NSAP-PTR
    RRType::kSIG,        RRType::kKEY,   RRType::kPX,       RRType{27},                  // GPOS
    RRType::kAAAA,       RRType::kLOC,   RRType{31},                                     // EID
    RRType{32},                                                                          // NIMLOC
    RRType::kSRV,        RRType{34},                                                     // ATMA
    RRType::kNAPTR,      RRType::kKX,    RRType::kCERT,     RRType::kA6,    RRType{40},  // SINK
    RRType::kAPL,        RRType::kSSHFP, RRType::kIPSECKEY, RRType::kDHCID, RRType::kTLSA,
    RRType::kSMIMEA,     RRType::kHIP,   RRType{56},  // NINFO
    RRType{57},                                       // RKEY
    RRType{58},                                       // TALINK
    RRType::kOPENPGPKEY, RRType::kCSYNC, RRType::kZONEMD,   RRType::kSVCB,  RRType::kHTTPS,
    RRType::kDSYNC,      RRType{67},  // HHIT
    RRType{68},                       // BRID
    RRType::kSPF,        RRType::kNID,   RRType::kL32,      RRType::kL64,   RRType::kLP,
    RRType::kEUI48,      RRType::kEUI64, RRType::kURI,      RRType::kCAA,   RRType{258},  // AVC
    RRType{259},                                                                          // DOA
    RRType{260},    // AMTRELAY
    RRType{261},    // RESINFO
    RRType{262},    // WALLET
    RRType{263},    // CLA
    RRType{264},    // IPN
    RRType{32768},  // TA
    RRType{32769},  // DLV
};

TypeBitmap Possible() noexcept {
  TypeBitmap types = EmptyNonTerminalTypes();
  for (const RRType type : kPossible) types.Add(type);
  return types;
}

TypeBitmap PossibleAtApex() noexcept {
  TypeBitmap types = Possible();
  types.Add(RRType::kNS);
  types.Add(RRType::kSOA);
  return types;
}

TypeBitmap PossibleBelowApex() noexcept {
  TypeBitmap types = Possible();
  // Signals for a child's bootstrap lie below the apex (RFC 9615 section 4).
  types.Add(RRType::kCDS);
  types.Add(RRType::kCDNSKEY);
  return types;
}

}  // namespace

const TypeBitmap& NonexistentTypes() noexcept {
  static const TypeBitmap types{RRType::kRRSIG, RRType::kNSEC, RRType::kNXNAME};
  return types;
}

const TypeBitmap& EmptyNonTerminalTypes() noexcept {
  static const TypeBitmap types{RRType::kRRSIG, RRType::kNSEC};
  return types;
}

const TypeBitmap& UnsignedCutTypes() noexcept {
  static const TypeBitmap types{RRType::kNS, RRType::kRRSIG, RRType::kNSEC};
  return types;
}

TypeBitmap HeldTypes(const TypeBitmap& held, const ApexTypes* apex) noexcept {
  TypeBitmap types = held;
  types.Add(RRType::kRRSIG);
  types.Add(RRType::kNSEC);
  if (apex != nullptr) AddApexTypes(*apex, types);
  return types;
}

TypeBitmap AskedTypes(RRType asked, const ApexTypes* apex) noexcept {
  static const TypeBitmap below_apex = PossibleBelowApex();
  static const TypeBitmap at_apex = PossibleAtApex();
  TypeBitmap types = apex != nullptr ? at_apex : below_apex;
  if (apex != nullptr) AddApexTypes(*apex, types);
  // The NSEC itself is there, and signed, whatever was asked.
  if (asked == RRType::kRRSIG || asked == RRType::kNSEC) return types;
  types.Remove(asked);
  if (asked == RRType::kSOA) types.Remove(RRType::kNS);  // it would speak of a zone cut
  return types;
}

}  // namespace sealwire::signer
