// ASCII case folding, eight octets at a time (RFC 4343 section 3).
//
// A whole name may be folded as one run of octets: label lengths are 0 to 63 and so lie below 'A'.
// Threading: pure functions. No allocation; no read outside the given run.
#pragma once

#include <cstdint>
#include <cstring>

namespace sealwire::dns {

constexpr std::uint8_t ToLower(std::uint8_t c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<std::uint8_t>(c | 0x20) : c;
}

// Lower-cases the eight octets of `word` at once.
constexpr std::uint64_t FoldWord(std::uint64_t word) noexcept {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  const std::uint64_t low7 = word & (kOnes * 0x7f);
  const std::uint64_t at_least_a = low7 + kOnes * (0x80 - 'A');
  const std::uint64_t above_z = low7 + kOnes * (0x7f - 'Z');
  const std::uint64_t upper = ~word & (at_least_a ^ above_z) & (kOnes * 0x80);
  return word | upper >> 2;
}

// Native byte order: words are only compared and hashed in this process.
inline std::uint64_t LoadFolded8(const std::uint8_t* at) noexcept {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return FoldWord(word);
}

// The `size` octets at `at`, fewer than eight, in one word; different runs of one size give
// different words.
inline std::uint64_t LoadFoldedShort(const std::uint8_t* at, std::size_t size) noexcept {
  if (size >= 4) {
    std::uint32_t first;
    std::uint32_t last;
    std::memcpy(&first, at, sizeof first);
    std::memcpy(&last, at + size - 4, sizeof last);
    return FoldWord(std::uint64_t{last} << 32 | first);
  }
  if (size == 0) return 0;
  return FoldWord(std::uint64_t{at[0]} << 16 | std::uint64_t{at[size / 2]} << 8 | at[size - 1]);
}

// Writes the `size` octets at `from` in lower case to `to`, which is the same run or another one.
inline void CopyFolded(std::uint8_t* to, const std::uint8_t* from, std::size_t size) noexcept {
  if (size < 8) {
    for (std::size_t i = 0; i < size; ++i) to[i] = ToLower(from[i]);
    return;
  }
  // As in EqualFolded(), the last eight octets overlap those before.
  const std::uint64_t last = LoadFolded8(from + size - 8);
  for (std::size_t i = 0; i + 8 <= size; i += 8) {
    const std::uint64_t word = LoadFolded8(from + i);
    std::memcpy(to + i, &word, sizeof word);
  }
  std::memcpy(to + size - 8, &last, sizeof last);
}

// True when the two runs of `size` octets differ in nothing but ASCII case.
inline bool EqualFolded(const std::uint8_t* a, const std::uint8_t* b, std::size_t size) noexcept {
  if (size < 8) return LoadFoldedShort(a, size) == LoadFoldedShort(b, size);
  for (std::size_t i = 0; i + 8 <= size; i += 8) {
    if (LoadFolded8(a + i) != LoadFolded8(b + i)) return false;
  }
  // The last eight octets overlap those compared before, so that no odd end is left.
  return LoadFolded8(a + size - 8) == LoadFolded8(b + size - 8);
}

}  // namespace sealwire::dns
