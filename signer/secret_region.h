// Memory for secrets: never swapped, never in a core dump, never seen by a forked child, wiped at
// the end.
//
// Where the kernel has memfd_secret(2) the pages also leave the kernel's own mapping, so that
// neither /proc/PID/mem nor another process's ptrace reads them; elsewhere they are locked
// anonymous memory. An inaccessible page stands on either side. All pages are present when Make()
// returns: no later access can fail for want of memory.
//
// Threading: the region is plain memory; its users agree among themselves. Ownership: move-only;
// the destructor wipes and unmaps. In a forked child the object is inert: the octets are absent (an
// access ends the child with SIGSEGV) or zero, by kind(), and its destructor does nothing. Errors:
// Make() says what to type when the limit of locked memory is too low.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

#include "dns/bytes.h"
#include "dns/result.h"

namespace sealwire::signer {

class SecretRegion {
 public:
  enum class Kind : std::uint8_t {
    kNone,    // moved from, or default
    kSecret,  // memfd_secret, absent from children
    kLocked,  // mlock, zero in children
  };

  // At least `bytes` octets, all zero, of the best kind this kernel offers.
  static Result<SecretRegion> Make(std::size_t bytes);
  // The same of one kind only.
  static Result<SecretRegion> MakeOfKind(Kind kind, std::size_t bytes);

  SecretRegion() = default;
  SecretRegion(SecretRegion&& other) noexcept;
  SecretRegion& operator=(SecretRegion&& other) noexcept;
  SecretRegion(const SecretRegion&) = delete;
  SecretRegion& operator=(const SecretRegion&) = delete;
  ~SecretRegion();

  std::uint8_t* data() noexcept { return data_; }
  const std::uint8_t* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }  // what was asked for
  Kind kind() const noexcept { return kind_; }
  dns::MutableBytes bytes() noexcept { return {data_, size_}; }

 private:
  void Release() noexcept;

  std::uint8_t* data_ = nullptr;  // page-aligned
  std::size_t size_ = 0;
  std::size_t mapped_ = 0;  // size_ in whole pages, guard pages not counted
  pid_t owner_ = 0;
  Kind kind_ = Kind::kNone;
};

}  // namespace sealwire::signer
