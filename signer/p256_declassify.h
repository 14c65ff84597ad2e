// Marks the few places where secret arithmetic ends in something anyone may see.
//
// Ordinarily nothing. In the constant-time check (tests/signer/constant_time) secrets are poisoned
// for MemorySanitizer, which then reports each branch and each address that depends on one; what is
// declassified here is what the code may branch on, and every such place is a call of this
// function.
#pragma once

#if defined(SEALWIRE_CONSTANT_TIME_CHECK)
#include <sanitizer/msan_interface.h>
#endif

namespace sealwire::signer::p256 {

template <class T>
inline void Declassify([[maybe_unused]] const T& value) noexcept {
#if defined(SEALWIRE_CONSTANT_TIME_CHECK)
  __msan_unpoison(&value, sizeof(value));
#endif
}

}  // namespace sealwire::signer::p256
