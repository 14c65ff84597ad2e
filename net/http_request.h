// A request's target taken apart (RFC 3986 sections 2.1 and 3.3). For net/http_connection.cc.
// Threading: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "net/http_message.h"

namespace sealwire::net {

// "%2F" becomes "/"; a '%' without two hexadecimal digits stays as it is. `plus` makes '+' a space,
// as forms write it.
std::string PercentDecode(std::string_view text, bool plus);

// "/v1//zones/a%2Fb/" → {"v1", "zones", "a/b"}: empty segments are dropped.
std::vector<std::string> SplitPath(std::string_view path);

// "limit=10&q=a+b&flag" → {{"limit","10"}, {"q","a b"}, {"flag",""}}
HttpHeaders ParseQuery(std::string_view query);

}  // namespace sealwire::net
