// Rows of text in columns, at most 80 wide: for terminals.
//
// Threading: value. Columns are as wide as their widest cell; when the whole is too wide the widest
// column is cut, a cell that was cut ends in "…".
#pragma once

#include <string>
#include <vector>

namespace sealwire::control {

class TextTable {
 public:
  explicit TextTable(std::vector<std::string> heads) { rows_.push_back(std::move(heads)); }
  // As many cells as there are heads. Control characters are shown as '?'.
  void Add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  std::string ToText(std::size_t width = 80) const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

// `text` broken between words into lines of at most `width`, all but the first indented; the first
// stands behind `indent` columns of its own.
std::string Wrapped(const std::string& text, std::size_t width, std::size_t indent);

}  // namespace sealwire::control
