// Owners for OpenSSL's objects, so that every path out of a function frees what it made.
//
// For sources of this folder only: no public header includes it. Whatever may hold a secret scalar
// is cleared when freed. Threading and errors are OpenSSL's own.
#pragma once

// The low-level EC and SHA-256 interfaces are deprecated since OpenSSL 3.0, and are used on
// purpose: they are the only ones that split a signature or hash without a look-up and an
// allocation per call.
#ifndef OPENSSL_SUPPRESS_DEPRECATED
#define OPENSSL_SUPPRESS_DEPRECATED
#endif

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/obj_mac.h>

#include <memory>

namespace sealwire::signer {

template <auto kFree>
struct OpensslFree {
  template <class T>
  void operator()(T* object) const noexcept {
    kFree(object);
  }
};

using BignumHandle = std::unique_ptr<BIGNUM, OpensslFree<&BN_clear_free>>;
using BnCtxHandle = std::unique_ptr<BN_CTX, OpensslFree<&BN_CTX_free>>;
using EcGroupHandle = std::unique_ptr<EC_GROUP, OpensslFree<&EC_GROUP_free>>;
using EcPointHandle = std::unique_ptr<EC_POINT, OpensslFree<&EC_POINT_clear_free>>;
using EcKeyHandle = std::unique_ptr<EC_KEY, OpensslFree<&EC_KEY_free>>;
using EcdsaSigHandle = std::unique_ptr<ECDSA_SIG, OpensslFree<&ECDSA_SIG_free>>;

}  // namespace sealwire::signer
