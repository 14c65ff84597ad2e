// Benchmarks beside whole OpenSSL signatures, made in the same run just before and just after:
// `of_signature` is the share of one, in CPU time, and lasts when clocks drift.
#pragma once

#include <benchmark/benchmark.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "signer/openssl_signer.h"

namespace sealwire::bench {

struct Key {
  std::array<std::uint8_t, 32> scalar;
  signer::PublicKey public_key;
  signer::SigningKey signing;
  Key() {
    if (!signer::GenerateKeyPair(scalar, public_key)) std::abort();
    signing = {scalar.data(), 1, 12345};
  }
};

inline const Key& BenchKey() {
  static const Key key;
  return key;
}

// CPU time of this thread, so that a busy machine does not count.
inline double CpuNs() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

// CPU time of one OpenSSL signature, now.
inline double SignatureNs() {
  constexpr int kSignatures = 300;
  signer::OpensslSigner openssl;
  signer::Digest digest{};
  signer::Signature signature;
  const double begin = CpuNs();
  for (int i = 0; i < kSignatures; ++i) {
    digest[0] = static_cast<std::uint8_t>(i);
    openssl.Sign(BenchKey().signing, digest, signature);
  }
  return (CpuNs() - begin) / kSignatures;
}

// Times a benchmark's loop and relates it to the signatures before and after it.
class BesideSignature {
 public:
  explicit BesideSignature(benchmark::State& state)
      : state_(state), before_(SignatureNs()), begin_(CpuNs()) {}
  ~BesideSignature() {
    const double ns = (CpuNs() - begin_) / static_cast<double>(state_.iterations());
    state_.counters["of_signature"] = ns / ((before_ + SignatureNs()) / 2);
  }
  BesideSignature(const BesideSignature&) = delete;
  BesideSignature& operator=(const BesideSignature&) = delete;

 private:
  benchmark::State& state_;
  double before_;
  double begin_;
};

// Signs at no cost, to show what is around the signature.
class FreeSigner final : public signer::DigestSigner {
 public:
  bool Sign(const signer::SigningKey&, const signer::Digest& digest,
            signer::Signature& out) noexcept override {
    std::copy(digest.begin(), digest.end(), out.begin());
    return true;
  }
};

}  // namespace sealwire::bench
