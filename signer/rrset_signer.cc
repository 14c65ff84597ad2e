#include "signer/rrset_signer.h"

#include "signer/rrsig.h"
#include "signer/sha256.h"

namespace sealwire::signer {
namespace {

// The largest set that can be signed: every record repeats the owner name and ten octets more.
constexpr std::size_t kMaxSignedSize =
    kRrsigFixedSize + dns::kMaxNameSize +
    dns::CanonicalScratch::kMaxRecords * (dns::kMaxNameSize + 10) + 65536;

// One thread counts, so that adding needs no locked instruction.
void Count(std::atomic<std::uint64_t>& counter) noexcept {
  counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

}  // namespace

// Left uninitialized: pages that no large set ever needs stay untouched.
struct RRsetSigner::Scratch {
  dns::CanonicalScratch canonical;
  std::uint8_t signed_data[kMaxSignedSize];
};

RRsetSigner::RRsetSigner(DigestSigner& signer, SignatureMemo& memo)
    : signer_(signer), memo_(memo), scratch_(std::make_unique_for_overwrite<Scratch>()) {}

RRsetSigner::~RRsetSigner() = default;

bool RRsetSigner::FindOrMake(const SigningKey& key, const Digest& digest, Reuse reuse,
                             Signature& signature) noexcept {
  if (reuse == Reuse::kLikely) {
    if (const Signature* found = memo_.Find(key.id, digest)) {
      signature = *found;
      Count(counters_.memo_hits);
      return true;
    }
  }
  if (!signer_.Sign(key, digest, signature)) return false;
  Count(counters_.signatures);
  if (reuse == Reuse::kLikely) memo_.Insert(key.id, digest, signature);
  return true;
}

bool RRsetSigner::FindOrMakeWhole(const SigningKey& key, dns::Bytes signed_data,
                                  SignatureOctets& signature) noexcept {
  const auto found = whole_.FindOrMake(key, signed_data);
  if (found.signature == nullptr) return false;
  Count(found.was_known ? counters_.memo_hits : counters_.signatures);
  signature = *found.signature;
  return true;
}

bool RRsetSigner::SignAnew(const SigningKey& key, dns::NameView apex, const dns::RRsetView& rrset,
                           const Validity& validity, dns::Writer& rrsig_rdata,
                           Reuse reuse) noexcept {
  const RrsigFields fields = FieldsFor(rrset, apex, validity, key.key_tag, key.algorithm);
  const std::size_t prefix_size = kRrsigFixedSize + apex.size();
  if (rrsig_rdata.room() < prefix_size + SignatureSize(key.algorithm)) return false;
  const std::size_t size =
      WriteSignedData(fields, rrset, scratch_->canonical, scratch_->signed_data);
  if (size == 0) return false;
  const dns::Bytes signed_data(scratch_->signed_data, size);
  if (key.algorithm != kAlgorithmP256) {
    SignatureOctets signature;
    if (!FindOrMakeWhole(key, signed_data, signature)) return false;
    rrsig_rdata.Run(signed_data.first(prefix_size));
    rrsig_rdata.Run(signature);
    return true;
  }
  Signature signature;
  if (!FindOrMake(key, Sha256::Hash(signed_data), reuse, signature)) return false;
  rrsig_rdata.Run(signed_data.first(prefix_size));
  rrsig_rdata.Run(signature);
  return true;
}

bool RRsetSigner::Sign(const SigningKey& key, dns::NameView apex, const dns::RRsetView& rrset,
                       const Validity& validity, dns::Writer& rrsig_rdata, Reuse reuse) noexcept {
  const bool in_many_answers = rrset.type == dns::RRType::kSOA;
  if (in_many_answers) {
    const dns::Bytes found = recent_.Find(key.id, validity, rrset);
    if (!found.empty() && rrsig_rdata.room() >= found.size()) {
      Count(counters_.memo_hits);
      rrsig_rdata.Run(found);
      return true;
    }
  }
  const std::size_t from = rrsig_rdata.size();
  if (!SignAnew(key, apex, rrset, validity, rrsig_rdata, reuse)) {
    Count(counters_.failures);
    return false;
  }
  if (in_many_answers) {
    recent_.Insert(key.id, validity, rrset, rrsig_rdata.written().subspan(from));
  }
  return true;
}

}  // namespace sealwire::signer
