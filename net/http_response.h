// A response as octets (RFC 9112 section 4). For net/http_connection.cc.
// Threading: pure functions, but for the clock behind Date.
#pragma once

#include <optional>
#include <string>

#include "net/http_message.h"

namespace sealwire::net {

// How the peer is to find the end of the body.
enum class HttpFraming : std::uint8_t { kLength, kChunks, kClose };

// Status line and headers with the blank line. A header that holds a line break is left out, and so
// nobody can add one of their own. `last`: the connection ends with this answer.
std::string HeadOf(const HttpResponse& response, HttpFraming framing, bool last);

// `part` must have octets: an empty chunk is the end.
std::string ChunkOf(const std::string& part);
inline constexpr const char* kLastChunk = "0\r\n\r\n";

bool HasOption(const HttpResponse& response, const char* name, const char* value);

}  // namespace sealwire::net
