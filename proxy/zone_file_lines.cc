#include "proxy/zone_file_lines.h"

namespace sealwire::proxy {

Result<bool> ZoneFileLines::Next(std::string& entry) {
  while (at_ < text_.size()) {
    line_ = next_line_;
    if (const Status read = ReadEntry(entry); !read) return Error{read.error()};
    if (entry.find_first_not_of(" \t") != std::string::npos) return true;
  }
  return false;
}

Status ZoneFileLines::ReadEntry(std::string& entry) {
  entry.clear();
  bool quoted = false;
  bool joined = false;
  while (at_ < text_.size()) {
    const char c = text_[at_++];
    if (c == '\n') {
      ++next_line_;
      if (quoted) return Error{"a quoted string is not closed: end it with a double quote"};
      if (!joined) return Status::Ok();
      entry += ' ';
    } else if (c == '\0') {
      return Error{"there is a NUL octet: a zone file is text, write it \\000"};
    } else if (c == '\\' && at_ < text_.size() && text_[at_] != '\n') {
      entry += c;
      entry += text_[at_++];
    } else if (c == '"') {
      quoted = !quoted;
      entry += c;
    } else if (quoted) {
      entry += c;
    } else if (c == ';') {
      while (at_ < text_.size() && text_[at_] != '\n') ++at_;
    } else if (c == '(' || c == ')') {
      if (joined == (c == '(')) {
        return Error{joined ? "a parenthesis is opened twice: close the first"
                            : "a parenthesis is closed that was not opened: remove it"};
      }
      joined = !joined;
      entry += ' ';
    } else {
      entry += c == '\r' ? ' ' : c;
    }
  }
  if (quoted) return Error{"a quoted string is not closed: end it with a double quote"};
  if (joined) return Error{"a parenthesis is not closed: end it with ')'"};
  return Status::Ok();
}

}  // namespace sealwire::proxy
