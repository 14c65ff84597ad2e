#include "net/http_body.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace sealwire::net {

namespace {

constexpr std::size_t kMaxLine = 1024;  // a chunk's size with its extensions; a trailer field
constexpr std::size_t kMaxTrailerLines = 32;

}  // namespace

HttpBody HttpBody::OfLength(std::uint64_t length, std::size_t limit) {
  HttpBody body;
  body.left_ = length;
  body.limit_ = limit;
  return body;
}

HttpBody HttpBody::InChunks(std::size_t limit) {
  HttpBody body;
  body.limit_ = limit;
  body.part_ = Part::kChunkSize;
  return body;
}

HttpBody::Outcome HttpBody::Take(std::string_view& text) {
  if (part_ == Part::kData) return TakeData(text);
  return TakeChunks(text);
}

HttpBody::Outcome HttpBody::TakeChunks(std::string_view& text) {
  while (true) {
    Outcome outcome = Outcome::kMalformed;
    switch (part_) {
      case Part::kChunkSize:
        outcome = TakeChunkSize(text);
        break;
      case Part::kChunkData:
        outcome = TakeData(text);
        if (outcome == Outcome::kWhole) part_ = Part::kChunkEnd;
        break;
      case Part::kChunkEnd:
        outcome = TakeChunkEnd(text);
        break;
      case Part::kTrailer:
        return TakeTrailer(text);
      case Part::kData:
        break;
    }
    if (outcome != Outcome::kWhole) return outcome;
  }
}

HttpBody::Outcome HttpBody::TakeChunkSize(std::string_view& text) {
  const Outcome outcome = TakeLine(text);
  if (outcome != Outcome::kWhole) return outcome;
  const std::string line = std::exchange(line_, {});
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), left_, 16);
  const bool plain = end == line.data() + line.size() || *end == ';' || *end == ' ' || *end == '\t';
  if (line.empty() || error != std::errc() || !plain) return Outcome::kMalformed;
  part_ = left_ == 0 ? Part::kTrailer : Part::kChunkData;
  return Outcome::kWhole;
}

HttpBody::Outcome HttpBody::TakeData(std::string_view& text) {
  if (left_ > limit_ - body_.size()) return Outcome::kTooLarge;
  const std::size_t taken = std::min<std::size_t>(left_, text.size());
  body_.append(text.substr(0, taken));
  text.remove_prefix(taken);
  left_ -= taken;
  return left_ == 0 ? Outcome::kWhole : Outcome::kMore;
}

HttpBody::Outcome HttpBody::TakeChunkEnd(std::string_view& text) {
  const Outcome outcome = TakeLine(text);
  if (outcome != Outcome::kWhole) return outcome;
  if (!line_.empty()) return Outcome::kMalformed;
  part_ = Part::kChunkSize;
  return Outcome::kWhole;
}

// Trailer fields are read and dropped: nothing here has a meaning for one.
HttpBody::Outcome HttpBody::TakeTrailer(std::string_view& text) {
  while (true) {
    const Outcome outcome = TakeLine(text);
    if (outcome != Outcome::kWhole) return outcome;
    if (std::exchange(line_, {}).empty()) return Outcome::kWhole;
    if (++trailer_lines_ > kMaxTrailerLines) return Outcome::kTooLarge;
  }
}

HttpBody::Outcome HttpBody::TakeLine(std::string_view& text) {
  while (!text.empty()) {
    const char c = text.front();
    text.remove_prefix(1);
    if (c == '\n') {
      if (!line_.ends_with('\r')) return Outcome::kMalformed;
      line_.pop_back();
      return Outcome::kWhole;
    }
    if (line_.ends_with('\r')) return Outcome::kMalformed;
    line_ += c;
    if (line_.size() > kMaxLine) return Outcome::kTooLarge;
  }
  return Outcome::kMore;
}

}  // namespace sealwire::net
