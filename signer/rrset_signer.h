// RRset and key in, RRSIG RDATA out: canonical form, digest, memo, signature. The hot path.
//
// Threading: one RRsetSigner per worker, with that worker's own DigestSigner and memo; the counters
// may be read by any thread. Ownership: signer and memo are borrowed and outlive it. Errors: false,
// with nothing written. No allocation after construction.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "dns/bytes.h"
#include "dns/name.h"
#include "dns/rrset.h"
#include "signer/ecdsa.h"
#include "signer/recent_signatures.h"
#include "signer/signature_memo.h"
#include "signer/validity.h"
#include "signer/whole_signatures.h"

namespace sealwire::signer {

// Written by the worker alone, read by the metrics page.
struct RRsetSignerCounters {
  std::atomic<std::uint64_t> signatures{0};  // made
  std::atomic<std::uint64_t> memo_hits{0};   // made before
  std::atomic<std::uint64_t> failures{0};    // no signature could be made, or no room for it
};

// Whether a signature will be wanted again. One over a name that does not exist seldom is, and in a
// flood of such names looking for it and keeping it would cost more than making it.
enum class Reuse : std::uint8_t { kLikely, kUnlikely };

class RRsetSigner {
 public:
  RRsetSigner(DigestSigner& signer, SignatureMemo& memo);
  ~RRsetSigner();
  RRsetSigner(const RRsetSigner&) = delete;
  RRsetSigner& operator=(const RRsetSigner&) = delete;

  // Appends the RDATA of an RRSIG over `rrset`, under its own owner name and TTL, to `rrsig_rdata`.
  // A wildcard that was expanded is signed under the expanded name (RFC 9824 section 3.3).
  // The caller has made sure that `rrset` is of the zone `apex`, and that the key is published
  // there.
  bool Sign(const SigningKey& key, dns::NameView apex, const dns::RRsetView& rrset,
            const Validity& validity, dns::Writer& rrsig_rdata,
            Reuse reuse = Reuse::kLikely) noexcept;

  const RRsetSignerCounters& counters() const noexcept { return counters_; }

 private:
  struct Scratch;

  bool SignAnew(const SigningKey& key, dns::NameView apex, const dns::RRsetView& rrset,
                const Validity& validity, dns::Writer& rrsig_rdata, Reuse reuse) noexcept;
  bool FindOrMake(const SigningKey& key, const Digest& digest, Reuse reuse,
                  Signature& signature) noexcept;
  bool FindOrMakeWhole(const SigningKey& key, dns::Bytes signed_data,
                       SignatureOctets& signature) noexcept;

  DigestSigner& signer_;
  SignatureMemo& memo_;
  RecentSignatures recent_;
  WholeSignatures whole_;
  RRsetSignerCounters counters_;
  std::unique_ptr<Scratch> scratch_;
};

}  // namespace sealwire::signer
