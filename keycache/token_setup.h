// Makes a fresh token ready for use: C_InitToken in a free slot, then the user PIN.
//
// For software tokens and for modules that allow it; many HSMs are set up with their maker's tools
// instead. Threading: one thread, and no other PKCS#11 use in the process. Errors: sentences; a
// slot that holds an initialized token is never touched. Standard: PKCS #11 v2.40 sections 5.5 and
// 5.6 (C_InitToken, C_InitPIN).
#pragma once

#include <string>

#include "dns/result.h"

namespace sealwire::keycache {

// Both PINs are wiped by the caller. A token that has this label already is an error.
Status SetUpToken(const std::string& module, const std::string& label, const std::string& so_pin,
                  const std::string& user_pin);

}  // namespace sealwire::keycache
