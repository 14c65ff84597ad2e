// How the versions of a signed copy differ, for secondaries that have an older one (RFC 1995).
//
// A journal is a chain of differences that ends at the copy being offered. It is bounded by the
// size of that copy: beyond it the whole zone is the shorter answer (RFC 1995 section 4 and 5). It
// lies in memory only: after a restart secondaries are sent the whole zone once. Threading: values
// that do not change once made. Errors: none; a serial that is not there means the whole zone.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "proxy/signed_copy.h"

namespace sealwire::proxy {

// Records in the form of SignedCopy::records. Either list begins with that version's SOA.
struct CopyDifference {
  std::uint32_t from = 0;
  std::uint32_t to = 0;
  std::vector<std::uint8_t> removed;
  std::vector<std::uint8_t> added;

  std::size_t octets() const noexcept { return removed.size() + added.size(); }
};

CopyDifference DifferenceOf(const SignedCopy& before, const SignedCopy& after);

class CopyJournal {
 public:
  static constexpr std::size_t kMostVersions = 128;

  // `journal` (null: none yet), which ends at `before`, led on to `after`.
  static std::shared_ptr<const CopyJournal> Extend(const CopyJournal* journal,
                                                   const SignedCopy& before,
                                                   const SignedCopy& after);

  // The differences from version `serial` to the last, oldest first; empty when they are not known.
  std::vector<std::shared_ptr<const CopyDifference>> Since(std::uint32_t serial) const;

  std::size_t octets() const noexcept { return octets_; }

 private:
  std::deque<std::shared_ptr<const CopyDifference>> differences_;
  std::size_t octets_ = 0;
};

}  // namespace sealwire::proxy
