// The body of an HTTP/1.1 request: as long as was said, or in chunks (RFC 9112 sections 6 and 7.1).
//
// Threading: one owner. Errors: an outcome; after kTooLarge and kMalformed the rest of the
// connection cannot be understood.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace sealwire::net {

class HttpBody {
 public:
  enum class Outcome : std::uint8_t { kMore, kWhole, kTooLarge, kMalformed };

  HttpBody() = default;
  static HttpBody OfLength(std::uint64_t length, std::size_t limit);
  static HttpBody InChunks(std::size_t limit);

  // Takes what belongs to the body off the front of `text`.
  Outcome Take(std::string_view& text);
  std::string Release() noexcept { return std::move(body_); }

 private:
  enum class Part : std::uint8_t { kData, kChunkSize, kChunkData, kChunkEnd, kTrailer };

  Outcome TakeChunks(std::string_view& text);
  Outcome TakeChunkSize(std::string_view& text);
  Outcome TakeData(std::string_view& text);
  Outcome TakeChunkEnd(std::string_view& text);
  Outcome TakeTrailer(std::string_view& text);
  // A line, through as many calls as it takes; kWhole: it is in line_, without CRLF.
  Outcome TakeLine(std::string_view& text);

  Part part_ = Part::kData;
  std::uint64_t left_ = 0;
  std::size_t limit_ = 0;
  std::size_t trailer_lines_ = 0;
  std::string line_;
  std::string body_;
};

}  // namespace sealwire::net
