// A PKCS#11 module that passes every call to another one, and makes what it signs go wrong while a
// file says how.
//
// SEALWIRE_REAL_MODULE names the module behind it, SEALWIRE_FAULT the file, which is read at every
// signature. Its first word: "flip" flips a bit of the signature, "error" returns
// CKR_DEVICE_ERROR, "hang" never returns, "derive" flips a bit of every secret that is read out.
// Without the file, or with another word, nothing is changed.
// Threading: that of the module behind it.
#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>

namespace {

CK_FUNCTION_LIST real;
CK_FUNCTION_LIST faulty;

std::string Fault() {
  std::string word;
  if (const char* path = std::getenv("SEALWIRE_FAULT")) std::ifstream(path) >> word;
  return word;
}

CK_RV Sign(CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG data_size, CK_BYTE_PTR signature,
           CK_ULONG_PTR signature_size) {
  const std::string fault = Fault();
  if (fault == "error") return CKR_DEVICE_ERROR;
  while (fault == "hang") pause();
  const CK_RV value = real.C_Sign(session, data, data_size, signature, signature_size);
  if (value == CKR_OK && fault == "flip" && signature != nullptr) {
    signature[*signature_size - 1] ^= 1;
  }
  return value;
}

CK_RV GetAttributeValue(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                        CK_ATTRIBUTE_PTR attributes, CK_ULONG count) {
  const CK_RV value = real.C_GetAttributeValue(session, object, attributes, count);
  if (value == CKR_OK && count == 1 && attributes->type == CKA_VALUE &&
      attributes->pValue != nullptr && attributes->ulValueLen != 0 && Fault() == "derive") {
    *static_cast<CK_BYTE_PTR>(attributes->pValue) ^= 1;
  }
  return value;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) CK_RV C_GetFunctionList(
    CK_FUNCTION_LIST_PTR_PTR list) {
  if (list == nullptr) return CKR_ARGUMENTS_BAD;
  const char* module = std::getenv("SEALWIRE_REAL_MODULE");
  void* library = module == nullptr ? nullptr : dlopen(module, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return CKR_GENERAL_ERROR;
  const auto get_list = reinterpret_cast<CK_C_GetFunctionList>(dlsym(library, "C_GetFunctionList"));
  CK_FUNCTION_LIST_PTR found = nullptr;
  if (get_list == nullptr || get_list(&found) != CKR_OK) return CKR_GENERAL_ERROR;
  real = faulty = *found;
  faulty.C_Sign = Sign;
  faulty.C_GetAttributeValue = GetAttributeValue;
  *list = &faulty;
  return CKR_OK;
}
