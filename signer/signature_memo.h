// Remembers signatures by what they sign, so that an RRset asked for twice is signed once.
//
// A signature is found only by the whole SHA-256 digest and the key's id: whoever could make two
// RRsets collide here could forge signatures anyway. The digest covers inception and expiration, so
// an expired signature is never asked for again and gives way in time. All memory is taken at the
// start; entries lie in sets of eight, each of which gives up one entry at a time by CLOCK. A new
// entry must be found once before it outlives others, so that names asked once do not drive out the
// hot ones. Threading: one thread. Errors: none; forgetting is no error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "signer/ecdsa.h"

namespace sealwire::signer {

class SignatureMemo {
 public:
  // Holds at least `entries` signatures: the number is rounded up to a power of two, and to 8.
  explicit SignatureMemo(std::size_t entries);
  ~SignatureMemo();
  SignatureMemo(const SignatureMemo&) = delete;
  SignatureMemo& operator=(const SignatureMemo&) = delete;

  // The signature by key `key_id` over `digest`, or null. It is valid until the next Insert().
  const Signature* Find(std::uint64_t key_id, const Digest& digest) noexcept;
  // Remembers a signature; one that is there already is replaced.
  void Insert(std::uint64_t key_id, const Digest& digest, const Signature& signature) noexcept;

  std::size_t capacity() const noexcept;
  std::size_t size() const noexcept { return size_; }

 private:
  static constexpr unsigned kWays = 8;
  struct Entry;
  struct Set;

  // Way of the entry in its set, or -1.
  int FindWay(std::size_t set_index, std::uint64_t key_id, const Digest& digest) const noexcept;
  void PrefetchFor(std::size_t set_index) const noexcept;
  // The way to overwrite.
  int MakeRoom(Set& set) noexcept;

  std::size_t set_mask_;
  std::unique_ptr<Set[]> sets_;
  std::unique_ptr<Entry[]> entries_;
  std::size_t size_ = 0;
};

}  // namespace sealwire::signer
