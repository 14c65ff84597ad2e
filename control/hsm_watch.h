// Tells the log when a token of the HSM goes away, is back, or gives a signature that does not
// verify: the state of the HSM is read by metrics and API, but an operator first sees the log.
//
// Threading: the control thread. Ownership: `tokens` is called by Look(). Errors: none.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "keycache/hsm_client.h"

namespace sealwire::control {

class HsmWatch {
 public:
  explicit HsmWatch(std::function<std::vector<keycache::HsmStatus>()> tokens)
      : tokens_(std::move(tokens)) {}

  // About once a second.
  void Look();

 private:
  struct Seen {
    std::uint64_t starts = 1;
    std::uint64_t wrong_signatures = 0;
    bool away = false;
  };
  void LookAt(const keycache::HsmStatus& token, Seen& seen);

  std::function<std::vector<keycache::HsmStatus>()> tokens_;
  std::vector<Seen> seen_;  // in the order of the tokens
};

}  // namespace sealwire::control
