#include "keycache/opened_keys.h"

#include <algorithm>
#include <utility>

#include "dns/bytes.h"

namespace sealwire::keycache {

std::size_t OpenedKeys::Hash::operator()(const signer::PublicOctets& key) const noexcept {
  dns::Reader in(key);  // a point's coordinate is as good as random
  const std::size_t high = in.U32();
  return high << 32 | in.U32();
}

std::shared_ptr<const SecretSlot> OpenedKeys::Find(const signer::PublicOctets& key) {
  const std::lock_guard lock(mutex_);
  const auto found = slots_.find(key);
  return found == slots_.end() ? nullptr : found->second.lock();
}

std::shared_ptr<const SecretSlot> OpenedKeys::Add(const signer::PublicOctets& key,
                                                  std::shared_ptr<const SecretSlot> slot) {
  const std::lock_guard lock(mutex_);
  if (slots_.size() >= sweep_at_) Sweep();
  std::weak_ptr<const SecretSlot>& entry = slots_[key];
  if (auto before = entry.lock()) return before;
  entry = slot;
  return slot;
}

void OpenedKeys::Sweep() {
  std::erase_if(slots_, [](const auto& entry) { return entry.second.expired(); });
  sweep_at_ = std::max<std::size_t>(1024, 2 * slots_.size());
}

}  // namespace sealwire::keycache
