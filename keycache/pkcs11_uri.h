// What of a PKCS #11 URI names a key: "pkcs11:token=site-a;object=example.com;id=%01%02".
//
// Threading: pure function. Errors: nothing for what is no such URI, or names no key.
// RFC: 7512 section 2.3 (path attributes; the query part is not for us).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sealwire::keycache {

struct Pkcs11Uri {
  std::string token;   // label; empty: any
  std::string object;  // label of the key; empty: not said
  std::string id;      // CKA_ID; empty: not said
};

std::optional<Pkcs11Uri> ParsePkcs11Uri(std::string_view text);

}  // namespace sealwire::keycache
