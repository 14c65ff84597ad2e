#include "signer/denial_types.h"

namespace sealwire::signer {
namespace {

using dns::RRType;
using dns::TypeBitmap;

void AddApexTypes(const ApexTypes& apex, TypeBitmap& types) noexcept {
  if (apex.dnskey) types.Add(RRType::kDNSKEY);
  if (apex.cds) types.Add(RRType::kCDS);
  if (apex.cdnskey) types.Add(RRType::kCDNSKEY);
  if (apex.nsec3param) types.Add(RRType::kNSEC3PARAM);
}

// Types below 128 that no source has as data at a name it was asked for: they would change what the
// NSEC means (0021), stand at an apex only, or are DNSSEC's own.
constexpr bool IsNeverClaimed(RRType type) noexcept {
  switch (type) {
    case RRType::kNS:
    case RRType::kSOA:
    case RRType::kCNAME:
    case RRType::kDNAME:
    case RRType::kOPT:
    case RRType::kDS:
    case RRType::kDNSKEY:
    case RRType::kNSEC3:
    case RRType::kNSEC3PARAM:
    case RRType::kCDS:
    case RRType::kCDNSKEY:
      return true;
    default:
      return false;
  }
}

// Ranges of data types that are assigned, will be next, or are for private use (RFC 6895 section
// 3.1); 128 to 255 are no data. What lies between is not assigned to anybody.
struct TypeRange {
  std::uint16_t first;
  std::uint16_t last;
};
constexpr TypeRange kDataTypes[] = {{1, 127}, {256, 511}, {32768, 32769}, {65280, 65534}};

TypeBitmap Possible() noexcept {
  TypeBitmap types = EmptyNonTerminalTypes();
  for (const TypeRange range : kDataTypes) {
    for (unsigned type = range.first; type <= range.last; ++type) {
      if (!IsNeverClaimed(RRType(type))) types.Add(RRType(type));
    }
  }
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
  if (apex != nullptr) {
    // The source's own keys are not served: ours are there instead.
    for (const RRType key : {RRType::kDNSKEY, RRType::kCDS, RRType::kCDNSKEY}) types.Remove(key);
    AddApexTypes(*apex, types);
  }
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

TypeBitmap EncloserTypes(const ApexTypes* apex) noexcept {
  TypeBitmap types = AskedTypes(RRType::kRRSIG, apex);
  types.Add(RRType::kNS);
  types.Add(RRType::kSOA);
  if (apex == nullptr) types.Add(RRType::kCNAME);
  return types;
}

}  // namespace sealwire::signer
