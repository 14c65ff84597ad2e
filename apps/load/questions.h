// Where the questions of a load come from: a file (dnsperf's format), a hot part of it, or names
// that nobody asked before.
//
// Threading: a QuestionSource belongs to one thread; a QuestionList is shared by all. Errors:
// Result with file and line. Next() does not allocate.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dns/bytes.h"
#include "dns/name.h"
#include "dns/result.h"
#include "dns/rr_type.h"

namespace sealwire::load {

// How questions are asked.
struct QuestionForm {
  bool edns = true;
  bool dnssec_ok = false;   // DO
  bool compact_ok = false;  // CO (RFC 9824)
  std::uint16_t udp_size = 1232;
};

// A query with id 0: header, question, and the OPT record that the form asks for. Returns its size;
// 0 when `out` is too small.
std::size_t WriteQuery(dns::NameView name, dns::RRType type, const QuestionForm& form,
                       dns::MutableBytes out) noexcept;

inline constexpr std::size_t kMaxQuerySize = 12 + dns::kMaxNameSize + 4 + 11;

class QuestionSource {
 public:
  virtual ~QuestionSource() = default;
  // Writes the next query, with id 0, into `out` (at least kMaxQuerySize octets). 0: there are no
  // more.
  virtual std::size_t Next(dns::MutableBytes out) noexcept = 0;
};

// Queries ready to send, one after the other.
class QuestionList {
 public:
  // Lines of `NAME TYPE`; empty ones and those that begin with `;` or `#` are skipped.
  static Result<QuestionList> Parse(std::string_view text, const QuestionForm& form);
  static Result<QuestionList> Read(const std::string& path, const QuestionForm& form);

  std::size_t size() const noexcept { return starts_.size() - 1; }
  dns::Bytes operator[](std::size_t i) const noexcept {
    return dns::Bytes(octets_).subspan(starts_[i], starts_[i + 1] - starts_[i]);
  }

 private:
  std::vector<std::uint8_t> octets_;
  std::vector<std::size_t> starts_ = {0};
};

// In the order of the list: every `stride`th question from `first` on, once or for ever.
std::unique_ptr<QuestionSource> InOrder(std::shared_ptr<const QuestionList> list, std::size_t first,
                                        std::size_t stride, bool once);

// At random among the first `hot` questions of the list.
std::unique_ptr<QuestionSource> AtRandom(std::shared_ptr<const QuestionList> list, std::size_t hot,
                                         std::uint64_t seed);

// Names below `zone` that differ in every question; `run` keeps runs and threads apart. Fails when
// the zone's name leaves no room for a label of 24 octets.
Result<std::unique_ptr<QuestionSource>> Unique(dns::NameView zone, dns::RRType type,
                                               std::uint64_t run, const QuestionForm& form);

}  // namespace sealwire::load
