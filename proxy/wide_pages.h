// A zeroed array in pages of 2 MiB where the kernel has them to give: a table that is read at
// random places costs a walk through the page tables for each, which on a virtual machine takes
// longer than the read (docs/decisions/0191-big-tables-lie-in-wide-pages.md).
//
// Threading: as any array. Ownership: the array owns its memory. Errors: std::bad_alloc from the
// constructor; without wide pages ordinary ones serve. Elements are never constructed: zeros must
// be a value of theirs.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <type_traits>

namespace sealwire::proxy {

template <class T>
class WidePages {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

 public:
  explicit WidePages(std::size_t count) : mapped_size_(count * sizeof(T) + kPage) {
    mapped_ =
        ::mmap(nullptr, mapped_size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped_ == MAP_FAILED) throw std::bad_alloc();
    const auto address = reinterpret_cast<std::uintptr_t>(mapped_);
    auto* begin = static_cast<std::byte*>(mapped_) + (kPage - address % kPage) % kPage;
    elements_ = {std::launder(reinterpret_cast<T*>(begin)), count};
    // Tables below that size stay as they are: a page would take more than they do.
    if (count * sizeof(T) >= kPage) ::madvise(begin, count * sizeof(T), MADV_HUGEPAGE);
  }
  ~WidePages() { ::munmap(mapped_, mapped_size_); }
  WidePages(const WidePages&) = delete;
  WidePages& operator=(const WidePages&) = delete;

  T& operator[](std::size_t index) noexcept { return elements_[index]; }
  const T& operator[](std::size_t index) const noexcept { return elements_[index]; }
  std::size_t size() const noexcept { return elements_.size(); }

 private:
  static constexpr std::size_t kPage = std::size_t{2} << 20;

  std::size_t mapped_size_;
  void* mapped_;
  std::span<T> elements_;
};

}  // namespace sealwire::proxy
