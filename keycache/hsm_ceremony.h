// What a key ceremony does with a token by hand: see what is in it, prove that it can do what
// Sealwire needs, prove that a restored token still holds every key.
//
// Runs in the process of the tool that asks, unlike hsm_client.h: it may hang as the module hangs.
// Threading: one thread, one ceremony per process. Ownership: the destructor logs out. Errors:
// sentences.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dns/result.h"
#include "keycache/hsm_key.h"

namespace sealwire::keycache {

class Pkcs11Token;

struct TokenAddress {
  std::string module;
  std::string token;
  std::string pin_file;
};

struct CeremonyStep {
  std::string what;
  bool ok = false;
  std::string detail;    // why not; empty when ok
  std::uint64_t us = 0;  // how long it took
};

class HsmCeremony {
 public:
  // A wrong PIN is tried once.
  static Result<std::unique_ptr<HsmCeremony>> Open(const TokenAddress& address);
  ~HsmCeremony();
  HsmCeremony(const HsmCeremony&) = delete;
  HsmCeremony& operator=(const HsmCeremony&) = delete;

  // P-256 pairs with an id of 16 octets, whoever made them, by id.
  Result<std::vector<ListedKey>> List();
  // Makes, uses and destroys keys of its own, step by step; stops at the first that fails.
  std::vector<CeremonyStep> Rehearse();
  // The token holds this key's private half: it signs, or derives, what the public half confirms.
  Status Prove(const ListedKey& key);

 private:
  explicit HsmCeremony(std::unique_ptr<Pkcs11Token> token);
  Status ProveSigning(const HsmKey& key);
  Status ProveDerivation(const HsmKey& key);

  std::unique_ptr<Pkcs11Token> token_;
};

}  // namespace sealwire::keycache
