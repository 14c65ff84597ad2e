// Slots of 32 octets for private scalars and shard keys, in memory that is locked, undumped and
// absent from children (signer/secret_region.h). A million slots are 32 MiB.
//
// The pool grows by regions up to a bound and keeps them; a slot goes back to it, wiped, when its
// handle dies. Threading: any thread may take and release slots; the octets of one slot belong to
// whoever fills it and are read-only once shared. Ownership: a slot keeps its pool alive. Errors:
// Take() says what to type when the limit of locked memory is too low, or that the bound is
// reached.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "dns/result.h"
#include "signer/secret_region.h"

namespace sealwire::keycache {

inline constexpr std::size_t kSecretSize = 32;
using SecretBytes = std::span<std::uint8_t, kSecretSize>;
using ConstSecretBytes = std::span<const std::uint8_t, kSecretSize>;

class SecretPool;

// One secret. Move-only; wiped and given back when it dies.
class SecretSlot {
 public:
  SecretSlot(SecretSlot&& other) noexcept;
  SecretSlot& operator=(SecretSlot&& other) noexcept;
  SecretSlot(const SecretSlot&) = delete;
  SecretSlot& operator=(const SecretSlot&) = delete;
  ~SecretSlot();

  SecretBytes bytes() noexcept { return SecretBytes(data_, kSecretSize); }
  ConstSecretBytes bytes() const noexcept { return ConstSecretBytes(data_, kSecretSize); }
  const std::uint8_t* data() const noexcept { return data_; }

 private:
  friend class SecretPool;
  SecretSlot(std::shared_ptr<SecretPool> pool, std::uint8_t* data) noexcept;
  void Release() noexcept;

  std::shared_ptr<SecretPool> pool_;
  std::uint8_t* data_ = nullptr;
};

class SecretPool : public std::enable_shared_from_this<SecretPool> {
 public:
  static std::shared_ptr<SecretPool> Make(std::size_t max_slots);

  // A slot of zeros.
  Result<SecretSlot> Take();

  struct Usage {
    std::size_t used = 0;          // slots
    std::size_t locked_bytes = 0;  // of all regions
    signer::SecretRegion::Kind kind = signer::SecretRegion::Kind::kNone;
  };
  Usage usage() const;

 private:
  friend class SecretSlot;
  explicit SecretPool(std::size_t max_slots);
  void Return(std::uint8_t* data) noexcept;
  Status Grow();

  const std::size_t max_slots_;
  const pid_t owner_;
  mutable std::mutex mutex_;
  std::vector<signer::SecretRegion> regions_;
  std::vector<std::uint8_t*> free_;  // capacity for every slot there is: Return() never allocates
  std::size_t slots_ = 0;
};

}  // namespace sealwire::keycache
