// Private scalars that are open, each in one slot however many snapshots of its zone there are.
//
// A scalar is open as long as somebody holds it; the table only finds it again. Threading: any
// thread.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "keycache/secret_memory.h"
#include "signer/algorithm.h"

namespace sealwire::keycache {

class OpenedKeys {
 public:
  // Null when the key is not open.
  std::shared_ptr<const SecretSlot> Find(const signer::PublicOctets& key);
  // Keeps `slot` findable; gives the one that was there before, if any.
  std::shared_ptr<const SecretSlot> Add(const signer::PublicOctets& key,
                                        std::shared_ptr<const SecretSlot> slot);

 private:
  struct Hash {
    std::size_t operator()(const signer::PublicOctets& key) const noexcept;
  };
  void Sweep();

  std::mutex mutex_;
  std::unordered_map<signer::PublicOctets, std::weak_ptr<const SecretSlot>, Hash> slots_;
  std::size_t sweep_at_ = 1024;  // entries
};

}  // namespace sealwire::keycache
