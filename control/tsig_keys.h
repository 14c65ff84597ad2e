// The shared secrets of this node: `tsig:` in the configuration file, the secrets in files of their
// own.
//
//   tsig: [{name: "xfr.example.", algorithm: hmac-sha256, secret_file: /etc/sealwire/xfr.key}]
//
// Threading: values; a keyring that is shared is const. Errors: a sentence with the file; never a
// part of a secret.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dns/result.h"

namespace sealwire::signer {
class TsigKey;  // signer/tsig.h
}

namespace sealwire::control {

struct TsigKeyConfig {
  std::string name;  // as NormalizeZoneName() spells it
  std::string algorithm = "hmac-sha256";
  std::string secret_file;  // base64, alone in its file
  bool operator==(const TsigKeyConfig&) const = default;
};

class TsigKeyring {
 public:
  // Reads every secret. A file that others may read is refused.
  static Result<std::shared_ptr<const TsigKeyring>> Load(const std::vector<TsigKeyConfig>& keys);

  // The key of that name, as NormalizeZoneName() spells it; null when there is none.
  std::shared_ptr<const signer::TsigKey> Find(std::string_view name) const;

 private:
  std::map<std::string, std::shared_ptr<const signer::TsigKey>, std::less<>> keys_;
};

}  // namespace sealwire::control
