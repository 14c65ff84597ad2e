#include "net/http_response.h"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <iterator>

namespace sealwire::net {

namespace {

struct Reason {
  int status;
  const char* phrase;
};
constexpr Reason kReasons[] = {{200, "OK"},
                               {201, "Created"},
                               {202, "Accepted"},
                               {204, "No Content"},
                               {206, "Partial Content"},
                               {301, "Moved Permanently"},
                               {302, "Found"},
                               {304, "Not Modified"},
                               {308, "Permanent Redirect"},
                               {400, "Bad Request"},
                               {401, "Unauthorized"},
                               {403, "Forbidden"},
                               {404, "Not Found"},
                               {405, "Method Not Allowed"},
                               {408, "Request Timeout"},
                               {409, "Conflict"},
                               {410, "Gone"},
                               {412, "Precondition Failed"},
                               {413, "Content Too Large"},
                               {415, "Unsupported Media Type"},
                               {417, "Expectation Failed"},
                               {422, "Unprocessable Content"},
                               {428, "Precondition Required"},
                               {429, "Too Many Requests"},
                               {431, "Request Header Fields Too Large"},
                               {500, "Internal Server Error"},
                               {501, "Not Implemented"},
                               {502, "Bad Gateway"},
                               {503, "Service Unavailable"},
                               {504, "Gateway Timeout"},
                               {505, "HTTP Version Not Supported"}};

const char* PhraseOf(int status) {
  const auto found = std::find_if(std::begin(kReasons), std::end(kReasons),
                                  [status](const Reason& r) { return r.status == status; });
  return found == std::end(kReasons) ? "Unknown" : found->phrase;
}

bool HasLineBreak(const std::string& text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos;
}

// RFC 9110 section 5.6.7; the names of days and months do not follow the locale.
std::string DateNow() {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t now = std::time(nullptr);
  std::tm utc = {};
  ::gmtime_r(&now, &utc);
  char text[64];
  const int size = std::snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d GMT",
                                 kDays[utc.tm_wday], utc.tm_mday, kMonths[utc.tm_mon],
                                 utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
  return {text, static_cast<std::size_t>(std::max(size, 0))};
}

}  // namespace

std::string HeadOf(const HttpResponse& response, HttpFraming framing, bool last) {
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + " ";
  head.append(PhraseOf(response.status)).append("\r\nDate: ").append(DateNow()).append("\r\n");
  for (const auto& [name, value] : response.headers) {
    if (SameFieldName(name, "Connection") || HasLineBreak(name) || HasLineBreak(value)) continue;
    head.append(name).append(": ").append(value).append("\r\n");
  }
  // RFC 9110 section 8.6: 204 and 304 have no content whose length could be told.
  const bool content = response.status != 204 && response.status != 304;
  if (framing == HttpFraming::kLength && content) {
    head.append("Content-Length: ").append(std::to_string(response.body.size())).append("\r\n");
  }
  if (framing == HttpFraming::kChunks) head.append("Transfer-Encoding: chunked\r\n");
  if (last) head.append("Connection: close\r\n");
  return head.append("\r\n");
}

std::string ChunkOf(const std::string& part) {
  char size[24];
  std::snprintf(size, sizeof size, "%zx\r\n", part.size());
  return size + part + "\r\n";
}

bool HasOption(const HttpResponse& response, const char* name, const char* value) {
  return std::any_of(response.headers.begin(), response.headers.end(), [&](const auto& field) {
    return SameFieldName(field.first, name) && SameFieldName(field.second, value);
  });
}

}  // namespace sealwire::net
