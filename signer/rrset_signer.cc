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

bool RRsetSigner::Sign(const SigningKey& key, dns::NameView apex, const dns::RRsetView& rrset,
                       const Validity& validity, dns::Writer& rrsig_rdata) noexcept {
  const RrsigFields fields = FieldsFor(rrset, apex, validity, key.key_tag);
  const std::size_t prefix_size = kRrsigFixedSize + apex.size();
  const std::size_t size =
      rrsig_rdata.room() < prefix_size + sizeof(Signature)
          ? 0
          : WriteSignedData(fields, rrset, scratch_->canonical, scratch_->signed_data);
  if (size == 0) {
    Count(counters_.failures);
    return false;
  }
  const dns::Bytes signed_data(scratch_->signed_data, size);
  const Digest digest = Sha256::Hash(signed_data);
  Signature made;
  const Signature* signature = memo_.Find(key.id, digest);
  if (signature != nullptr) {
    Count(counters_.memo_hits);
  } else if (signer_.Sign(key, digest, made)) {
    Count(counters_.signatures);
    memo_.Insert(key.id, digest, made);
    signature = &made;
  } else {
    Count(counters_.failures);
    return false;
  }
  rrsig_rdata.Run(signed_data.first(prefix_size));
  rrsig_rdata.Run(*signature);
  return true;
}

}  // namespace sealwire::signer
