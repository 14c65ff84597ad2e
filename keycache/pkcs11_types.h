// The PKCS#11 names used here, and how its return values read to a person.
//
// For sources of this folder only. Threading: pure functions.
#pragma once

#include <p11-kit/pkcs11.h>

#include <string>

#include "dns/result.h"

namespace sealwire::keycache {

// "CKR_DEVICE_ERROR", or the number of a rarer one.
inline std::string ToText(CK_RV value) {
  switch (value) {
    case CKR_GENERAL_ERROR:
      return "CKR_GENERAL_ERROR";
    case CKR_FUNCTION_FAILED:
      return "CKR_FUNCTION_FAILED";
    case CKR_HOST_MEMORY:
      return "CKR_HOST_MEMORY";
    case CKR_DEVICE_ERROR:
      return "CKR_DEVICE_ERROR";
    case CKR_DEVICE_MEMORY:
      return "CKR_DEVICE_MEMORY";
    case CKR_DEVICE_REMOVED:
      return "CKR_DEVICE_REMOVED";
    case CKR_KEY_HANDLE_INVALID:
      return "CKR_KEY_HANDLE_INVALID";
    case CKR_MECHANISM_INVALID:
      return "CKR_MECHANISM_INVALID";
    case CKR_OBJECT_HANDLE_INVALID:
      return "CKR_OBJECT_HANDLE_INVALID";
    case CKR_PIN_INCORRECT:
      return "CKR_PIN_INCORRECT";
    case CKR_PIN_LEN_RANGE:
      return "CKR_PIN_LEN_RANGE";
    case CKR_PIN_LOCKED:
      return "CKR_PIN_LOCKED";
    case CKR_SESSION_HANDLE_INVALID:
      return "CKR_SESSION_HANDLE_INVALID";
    case CKR_TOKEN_NOT_PRESENT:
      return "CKR_TOKEN_NOT_PRESENT";
    case CKR_TOKEN_WRITE_PROTECTED:
      return "CKR_TOKEN_WRITE_PROTECTED";
    case CKR_USER_NOT_LOGGED_IN:
      return "CKR_USER_NOT_LOGGED_IN";
    default:
      return "PKCS#11 return value " + std::to_string(value);
  }
}

inline Error Pkcs11Error(const char* function, CK_RV value) {
  return {std::string(function) + ": " + ToText(value)};
}

// An attribute that borrows `value` for the length of a call; PKCS#11 takes no const.
template <class T>
CK_ATTRIBUTE Attribute(CK_ATTRIBUTE_TYPE type, T& value) noexcept {
  return {type, &value, sizeof value};
}
inline CK_ATTRIBUTE Attribute(CK_ATTRIBUTE_TYPE type, const void* value,
                              std::size_t size) noexcept {
  return {type, const_cast<void*>(value), static_cast<CK_ULONG>(size)};
}

}  // namespace sealwire::keycache
