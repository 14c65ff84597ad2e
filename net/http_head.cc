#include "net/http_head.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace sealwire::net {

namespace {

constexpr std::size_t kMaxFields = 100;
constexpr std::string_view kBlank = "\r\n\r\n";
// What a handler may see; another method is one that no resource has (RFC 9110 section 9.1).
constexpr std::string_view kMethods[] = {"GET",   "POST",   "HEAD",   "PUT",
                                         "PATCH", "DELETE", "OPTIONS"};

bool IsControl(char c) {
  const auto octet = static_cast<unsigned char>(c);
  return octet < 0x20 || octet == 0x7f;
}

// RFC 9110 section 5.6.2.
bool IsToken(std::string_view text) {
  constexpr std::string_view kSeparators = "\"(),/:;<=>?@[\\]{}";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return c > ' ' && c < 0x7f && kSeparators.find(c) == std::string_view::npos;
  });
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// The next line without its CRLF; `text` loses both.
std::string_view TakeLine(std::string_view& text) {
  const std::size_t end = std::min(text.find("\r\n"), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 2, text.size()));
  return line;
}

// Calls visit(member) for each member of a comma-separated list.
template <class Visit>
void ForEachMember(std::string_view list, Visit&& visit) {
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(','), list.size());
    if (const auto member = Trim(list.substr(0, end)); !member.empty()) visit(member);
    list.remove_prefix(std::min(end + 1, list.size()));
  }
}

class HeadReader {
 public:
  std::variant<HttpHead, HttpRefusal> Read(std::string_view text) {
    while (text.starts_with("\r\n")) text.remove_prefix(2);  // RFC 9112 section 2.2
    bool good = ReadRequestLine(TakeLine(text));
    while (good && !text.empty()) {
      const std::string_view line = TakeLine(text);
      if (line.empty()) break;
      good = ReadField(line);
    }
    if (good && Settle()) return std::move(head_);
    return refusal_;
  }

 private:
  bool Refuse(int status, const char* why) {
    refusal_ = {status, why};
    return false;
  }

  bool ReadRequestLine(std::string_view line) {
    const std::size_t first = line.find(' ');
    const std::size_t last = line.rfind(' ');
    if (first == std::string_view::npos || first == last) {
      return Refuse(400, "The request line is not METHOD TARGET VERSION.");
    }
    const std::string_view version = line.substr(last + 1);
    if (version != "HTTP/1.1" && version != "HTTP/1.0") {
      const bool other = version.starts_with("HTTP/");
      return Refuse(other ? 505 : 400, "The version is not HTTP/1.1.");
    }
    head_.old_version = version == "HTTP/1.0";
    head_.last = head_.old_version;
    const std::string_view method = line.substr(0, first);
    if (!IsToken(method)) return Refuse(400, "The method is none.");
    if (std::find(std::begin(kMethods), std::end(kMethods), method) == std::end(kMethods)) {
      return Refuse(501, "No resource has this method.");
    }
    head_.method = method;
    return ReadTarget(line.substr(first + 1, last - first - 1));
  }

  // RFC 9112 section 3.2.
  bool ReadTarget(std::string_view target) {
    const bool printable = std::all_of(target.begin(), target.end(),
                                       [](char c) { return c > ' ' && c < 0x7f && c != '#'; });
    if (!printable) return Refuse(400, "The target has octets that belong percent-encoded.");
    for (const std::string_view scheme : {"http://", "https://"}) {
      if (!target.starts_with(scheme)) continue;
      target.remove_prefix(scheme.size());
      target.remove_prefix(std::min(target.find_first_of("/?"), target.size()));
      if (target.empty()) target = "/";
    }
    const bool asterisk = target == "*" && head_.method == "OPTIONS";
    if (!asterisk && !target.starts_with('/') && !target.starts_with('?')) {
      return Refuse(400, "The target is no path.");
    }
    const std::size_t mark = std::min(target.find('?'), target.size());
    head_.path = target.substr(0, mark);
    head_.query = target.substr(std::min(mark + 1, target.size()));
    return true;
  }

  // RFC 9112 section 5: no space before the colon, no folded lines.
  bool ReadField(std::string_view line) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !IsToken(line.substr(0, colon))) {
      return Refuse(400, "A header is not NAME: VALUE.");
    }
    const std::string_view value = Trim(line.substr(colon + 1));
    if (std::any_of(value.begin(), value.end(), [](char c) { return IsControl(c) && c != '\t'; })) {
      return Refuse(400, "A header has control characters.");
    }
    if (head_.headers.size() == kMaxFields) return Refuse(431, "There are too many headers.");
    head_.headers.emplace_back(line.substr(0, colon), value);
    return ReadMeaning(head_.headers.back().first, value);
  }

  bool ReadMeaning(std::string_view name, std::string_view value) {
    if (SameFieldName(name, "Host")) {
      if (++hosts_ > 1) return Refuse(400, "There is more than one Host.");
    } else if (SameFieldName(name, "Content-Length")) {
      return ReadLength(value);
    } else if (SameFieldName(name, "Transfer-Encoding")) {
      ++lengths_;
      head_.chunked = true;
      if (!SameFieldName(value, "chunked")) return Refuse(400, "Bodies may be chunked, no more.");
    } else if (SameFieldName(name, "Connection")) {
      ForEachMember(value, [&](std::string_view option) {
        if (SameFieldName(option, "close")) head_.last = true;
      });
    } else if (SameFieldName(name, "Expect")) {
      if (!SameFieldName(value, "100-continue")) return Refuse(417, "Nobody can expect that.");
      head_.expects_continue = !head_.old_version;
    }
    return true;
  }

  bool ReadLength(std::string_view value) {
    ++lengths_;
    const auto [end, error] =
        std::from_chars(value.data(), value.data() + value.size(), head_.length);
    if (value.empty() || error != std::errc() || end != value.data() + value.size()) {
      return Refuse(400, "The length of the body is no number.");
    }
    return true;
  }

  bool Settle() {
    // RFC 9112 section 6.3: who reads another of two lengths sees another request in the rest.
    if (lengths_ > 1) return Refuse(400, "The length of the body is not said once and plainly.");
    if (head_.chunked && head_.old_version) return Refuse(400, "HTTP/1.0 has no chunks.");
    // RFC 9112 section 3.2.
    if (hosts_ == 0 && !head_.old_version) return Refuse(400, "There is no Host.");
    return true;
  }

  HttpHead head_;
  HttpRefusal refusal_;
  int hosts_ = 0;
  int lengths_ = 0;
};

}  // namespace

std::variant<std::size_t, HttpRefusal> FindEndOfHead(std::string_view text, std::size_t& seen) {
  for (; seen < text.size(); ++seen) {
    const char c = text[seen];
    if (c == '\n' && (seen == 0 || text[seen - 1] != '\r')) {
      return HttpRefusal{400, "A line does not end with CRLF."};
    }
    if (IsControl(c) && c != '\r' && c != '\n' && c != '\t') {
      return HttpRefusal{400, "This is no HTTP."};
    }
    if (c != '\n') continue;
    const std::string_view so_far = text.substr(0, seen + 1);
    // Blank lines before the request line end no head.
    const std::size_t begin = so_far.find_first_not_of("\r\n");
    if (begin != std::string_view::npos && so_far.ends_with(kBlank)) return ++seen;
  }
  return std::size_t{0};
}

std::variant<HttpHead, HttpRefusal> ParseHead(std::string_view text) {
  return HeadReader().Read(text);
}

}  // namespace sealwire::net
