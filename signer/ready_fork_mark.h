// Tells a process from one that was forked off it, however it was forked, for the price of a load.
//
// A page that the kernel fills with zeros in a child (MADV_WIPEONFORK, Linux 4.14) holds a mark; no
// handler has to run, so that a bare clone(2) is noticed too. Threading: IsHere() from any thread.
// Ownership: unmaps its page. Errors: Made() is false when the kernel gives no such page.
#pragma once

#include <cstdint>

namespace sealwire::signer {

class ForkMark {
 public:
  ForkMark() noexcept;
  ~ForkMark();
  ForkMark(const ForkMark&) = delete;
  ForkMark& operator=(const ForkMark&) = delete;

  bool Made() const noexcept { return mark_ != nullptr; }
  // True in the process that made it.
  bool IsHere() const noexcept { return *mark_ != 0; }

 private:
  volatile std::uint64_t* mark_;
};

}  // namespace sealwire::signer
