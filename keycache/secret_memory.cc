#include "keycache/secret_memory.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

namespace sealwire::keycache {
namespace {

constexpr std::size_t kFirstRegion = 64;       // slots: half a page
constexpr std::size_t kLargestRegion = 32768;  // slots: one mebibyte

}  // namespace

SecretSlot::SecretSlot(std::shared_ptr<SecretPool> pool, std::uint8_t* data) noexcept
    : pool_(std::move(pool)), data_(data) {}

SecretSlot::SecretSlot(SecretSlot&& other) noexcept
    : pool_(std::move(other.pool_)), data_(std::exchange(other.data_, nullptr)) {}

SecretSlot& SecretSlot::operator=(SecretSlot&& other) noexcept {
  if (this == &other) return *this;
  Release();
  pool_ = std::move(other.pool_);
  data_ = std::exchange(other.data_, nullptr);
  return *this;
}

SecretSlot::~SecretSlot() {
  Release();
}

void SecretSlot::Release() noexcept {
  if (data_ != nullptr) pool_->Return(std::exchange(data_, nullptr));
  pool_.reset();
}

std::shared_ptr<SecretPool> SecretPool::Make(std::size_t max_slots) {
  return std::shared_ptr<SecretPool>(new SecretPool(max_slots));
}

SecretPool::SecretPool(std::size_t max_slots) : max_slots_(max_slots), owner_(getpid()) {}

Result<SecretSlot> SecretPool::Take() {
  const std::lock_guard lock(mutex_);
  if (free_.empty()) {
    if (Status grown = Grow(); !grown) return Error{grown.error()};
  }
  std::uint8_t* data = free_.back();
  free_.pop_back();
  return SecretSlot(shared_from_this(), data);
}

// Each region doubles what there is, so that a small installation locks little and a large one has
// few mappings.
Status SecretPool::Grow() {
  const std::size_t count =
      std::min({std::clamp(slots_, kFirstRegion, kLargestRegion), max_slots_ - slots_});
  if (count == 0) {
    return Error{"all " + std::to_string(max_slots_) + " places for secret keys are taken"};
  }
  auto region = signer::SecretRegion::Make(count * kSecretSize);
  if (!region) return Error{region.error()};
  free_.reserve(slots_ + count);
  const dns::MutableBytes octets = region->bytes();
  for (std::size_t i = count; i-- > 0;) free_.push_back(octets.subspan(i * kSecretSize).data());
  slots_ += count;
  regions_.push_back(std::move(region).value());
  return Status::Ok();
}

void SecretPool::Return(std::uint8_t* data) noexcept {
  if (getpid() != owner_) return;  // a forked child does not have the memory
  const std::lock_guard lock(mutex_);
  explicit_bzero(data, kSecretSize);
  free_.push_back(data);
}

SecretPool::Usage SecretPool::usage() const {
  const std::lock_guard lock(mutex_);
  Usage usage;
  usage.used = slots_ - free_.size();
  for (const auto& region : regions_) usage.locked_bytes += region.size();
  if (!regions_.empty()) usage.kind = regions_.front().kind();
  return usage;
}

}  // namespace sealwire::keycache
