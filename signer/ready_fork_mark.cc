#include "signer/ready_fork_mark.h"

#include <sys/mman.h>

namespace sealwire::signer {
namespace {

constexpr std::size_t kSize = 4096;

}  // namespace

ForkMark::ForkMark() noexcept : mark_(nullptr) {
  void* page = mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return;
  if (madvise(page, kSize, MADV_WIPEONFORK) != 0) {
    munmap(page, kSize);
    return;
  }
  mark_ = static_cast<volatile std::uint64_t*>(page);
  *mark_ = 1;
}

ForkMark::~ForkMark() {
  if (mark_ != nullptr) munmap(const_cast<std::uint64_t*>(mark_), kSize);
}

}  // namespace sealwire::signer
