// Reads the user PIN. Threading: pure. Errors: sentences that name the file.
#pragma once

#include <string>

#include "dns/result.h"

namespace sealwire::keycache {

// The file's first line. Refused when anybody may read the file, when it is empty or too long.
// The caller wipes the string.
Result<std::string> ReadPinFile(const std::string& path);

}  // namespace sealwire::keycache
