#include "signer/algorithm.h"

#include "signer/ed25519.h"
#include "signer/p384.h"
#include "signer/sha256.h"

namespace sealwire::signer {

std::string_view AlgorithmName(std::uint8_t algorithm) noexcept {
  switch (algorithm) {
    case kAlgorithmP256:
      return "ECDSAP256SHA256";
    case kAlgorithmP384:
      return "ECDSAP384SHA384";
    case kAlgorithmEd25519:
      return "ED25519";
    default:
      return "";
  }
}

bool MakeKeyPair(std::uint8_t algorithm, Scalar secret, PublicOctets& public_key) noexcept {
  switch (algorithm) {
    case kAlgorithmP256: {
      PublicKey key;
      if (!GenerateKeyPair(secret, key)) return false;
      public_key = key;
      return true;
    }
    case kAlgorithmP384:
      return p384::MakeSeed(secret) && p384::PublicHalf(secret, public_key);
    case kAlgorithmEd25519:
      return ed25519::MakePair(secret, public_key);
    default:
      return false;
  }
}

bool PublicHalf(std::uint8_t algorithm, ConstScalar secret, PublicOctets& public_key) noexcept {
  switch (algorithm) {
    case kAlgorithmP256: {
      PublicKey key;
      if (!DerivePublicKey(secret, key)) return false;
      public_key = key;
      return true;
    }
    case kAlgorithmP384:
      return p384::PublicHalf(secret, public_key);
    case kAlgorithmEd25519:
      return ed25519::PublicHalf(secret, public_key);
    default:
      return false;
  }
}

bool SignMessage(std::uint8_t algorithm, ConstScalar secret, dns::Bytes message,
                 SignatureOctets& out) noexcept {
  switch (algorithm) {
    case kAlgorithmP256: {
      Signature signature;
      if (!OpensslSigner().Sign({secret.data(), 0, 0}, Sha256::Hash(message), signature)) {
        return false;
      }
      out = signature;
      return true;
    }
    case kAlgorithmP384:
      return p384::Sign(secret, message, out);
    case kAlgorithmEd25519:
      return ed25519::Sign(secret, message, out);
    default:
      return false;
  }
}

bool VerifyMessage(std::uint8_t algorithm, const PublicOctets& public_key, dns::Bytes message,
                   const SignatureOctets& signature) noexcept {
  if (!IsKnown(algorithm) || public_key.size() != PublicKeySize(algorithm) ||
      signature.size() != SignatureSize(algorithm)) {
    return false;
  }
  switch (algorithm) {
    case kAlgorithmP256:
      return Verify(public_key.First<64>(), Sha256::Hash(message), signature.First<64>());
    case kAlgorithmP384:
      return p384::Verify(public_key, message, signature);
    default:
      return ed25519::Verify(public_key, message, signature);
  }
}

}  // namespace sealwire::signer
