// The cookie secrets of this daemon: read from the file its configuration names, or its own.
//
// Threading: the control thread. Errors: a sentence with the file's name; secrets are in none.
#pragma once

#include <optional>
#include <string>

#include "dns/result.h"
#include "proxy/cookie_secrets.h"

namespace sealwire::apps {

// Without a file: secrets that nobody else has and that end with the process.
Result<proxy::CookieSecrets> ReadCookieSecrets(const std::optional<std::string>& file);

}  // namespace sealwire::apps
