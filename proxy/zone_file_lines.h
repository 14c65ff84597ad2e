// Splits a zone file into entries, each with the line it begins on (RFC 1035 section 5.1).
//
// Parentheses join lines, `;` begins a comment, neither does so inside quotes or behind a
// backslash. An entry keeps its leading white space, which means "same owner as before". Threading:
// one owner; borrows the text. Errors: a sentence for the entry on line().
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "dns/result.h"

namespace sealwire::proxy {

class ZoneFileLines {
 public:
  explicit ZoneFileLines(std::string_view text) noexcept : text_(text) {}

  // Puts the next entry that is not blank into `entry`; false at the end of the text.
  Result<bool> Next(std::string& entry);
  std::uint32_t line() const noexcept { return line_; }

 private:
  Status ReadEntry(std::string& entry);

  std::string_view text_;
  std::size_t at_ = 0;
  std::uint32_t next_line_ = 1;
  std::uint32_t line_ = 0;
};

}  // namespace sealwire::proxy
