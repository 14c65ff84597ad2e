// A request's head and body, whole and octet by octet: both must be read alike.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "net/http_body.h"
#include "net/http_head.h"
#include "net/http_request.h"

namespace {

using namespace sealwire::net;  // NOLINT(google-build-using-namespace)

struct Read {
  HttpBody::Outcome outcome = HttpBody::Outcome::kMore;
  std::string body;
  std::size_t taken = 0;
};

Read ReadBody(const HttpHead& head, std::string_view text, std::size_t step) {
  constexpr std::size_t kLimit = 4096;
  HttpBody body =
      head.chunked ? HttpBody::InChunks(kLimit) : HttpBody::OfLength(head.length, kLimit);
  Read read;
  std::string_view nothing;
  read.outcome = body.Take(nothing);
  while (read.outcome == HttpBody::Outcome::kMore && read.taken < text.size()) {
    std::string_view part = text.substr(read.taken, step);
    const std::size_t had = part.size();
    read.outcome = body.Take(part);
    read.taken += had - part.size();
  }
  read.body = body.Release();
  if (read.body.size() > kLimit) std::abort();
  return read;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  std::size_t seen = 0;
  const auto whole = FindEndOfHead(text, seen);
  std::size_t slowly_seen = 0;
  for (std::size_t i = 0; i <= size; ++i) {
    const auto so_far = FindEndOfHead(std::string_view(text).substr(0, i), slowly_seen);
    const auto* end = std::get_if<std::size_t>(&so_far);
    if (end != nullptr && *end == 0 && i < size) continue;
    if (so_far.index() != whole.index()) std::abort();
    if (end != nullptr && *end != std::get<std::size_t>(whole)) std::abort();
    break;
  }
  const auto* end = std::get_if<std::size_t>(&whole);
  if (end == nullptr || *end == 0) return 0;
  const auto parsed = ParseHead(std::string_view(text).substr(0, *end));
  const auto* head = std::get_if<HttpHead>(&parsed);
  if (head == nullptr) return 0;
  SplitPath(head->path);
  ParseQuery(head->query);
  const std::string_view rest = std::string_view(text).substr(*end);
  const Read at_once = ReadBody(*head, rest, std::max<std::size_t>(rest.size(), 1));
  const Read slowly = ReadBody(*head, rest, 1);
  if (at_once.outcome != slowly.outcome || at_once.body != slowly.body) std::abort();
  if (at_once.outcome == HttpBody::Outcome::kWhole && at_once.taken != slowly.taken) std::abort();
  return 0;
}
