// Signatures over DNSKEY, CDS and CDNSKEY, made ahead in windows that overlap, so that the HSM may
// be away for a week without anybody's noticing (docs/decisions/0042).
//
//     window 0   |------- 7 d -------|
//     window 1        3.5 d |------- 7 d -------|
//     window 2                      |------- 7 d -------|
//     now        ^                                      ^ 14 d: nothing is prepared beyond
//
// Threading: pure functions. Times are seconds since 1970, compared in serial arithmetic.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "dns/result.h"
#include "keycache/zone_key_record.h"

namespace sealwire::keycache {

inline constexpr std::uint32_t kWindowLength = 7 * 86400;
inline constexpr std::uint32_t kWindowStep = kWindowLength / 2;
inline constexpr std::uint32_t kWindowCount = 3;
inline constexpr std::uint32_t kPreparedTime = kWindowStep * (kWindowCount - 1) + kWindowLength;
inline constexpr std::uint32_t kInceptionSkew = 3600;  // for validators whose clock is behind
inline constexpr std::uint32_t kRefreshSpread = 86400;

// The RRsets that `record` publishes at the apex, the empty ones left out.
std::vector<dns::RRset> KeyRRsets(const ZoneKeyRecord& record);

using KeySigner =
    std::function<Result<signer::SignatureOctets>(const KeyRecord& key, dns::Bytes signed_data)>;

// True when `key` signs the `type` RRset of the apex. A key that signs before it is published, or
// after, signs all but the DNSKEY RRset (RFC 6781 section 4.1.4).
inline bool SignsAhead(const KeyRecord& key, dns::RRType type) noexcept {
  return key.role == Role::kKsk && key.signing && (key.published || type != dns::RRType::kDNSKEY);
}

// One signature per RRset, signing KSK and window, beginning at `now`.
Result<std::vector<PreparedSignature>> PrepareSignatures(const ZoneKeyRecord& record,
                                                         std::uint32_t now, const KeySigner& sign);

// As FindPrepared(), of those that the key `key_tag` made.
const PreparedSignature* FindPreparedBy(const ZoneKeyRecord& record, std::uint16_t key_tag,
                                        dns::RRType covered, std::uint32_t now) noexcept;

// True when `signature` was made by a signing KSK of `record` over `rrset` as it is now.
bool Covers(const ZoneKeyRecord& record, const dns::RRset& rrset,
            const PreparedSignature& signature);

}  // namespace sealwire::keycache
