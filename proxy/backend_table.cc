#include "proxy/backend_table.h"

#include <algorithm>
#include <bit>
#include <string_view>

#include "proxy/clock.h"

namespace sealwire::proxy {

namespace {

// Round trips within a factor of two, and all below a millisecond, are alike.
int Distance(std::uint32_t round_trip_us) noexcept {
  return std::bit_width(round_trip_us / 1000);
}

}  // namespace

std::size_t BackendTable::Hash::operator()(const net::Endpoint& endpoint) const noexcept {
  const dns::Bytes octets = endpoint.address.octets();
  const std::string_view text(reinterpret_cast<const char*>(octets.data()), octets.size());
  return std::hash<std::string_view>()(text) ^ endpoint.port * std::size_t{0x9e3779b9};
}

BackendTable::BackendTable(net::EventLoop& loop, const ForwardOptions& options,
                           BackendEvents& events)
    : loop_(loop), options_(options), events_(events) {}

// Spreads load, keeps no secret: a cheap generator does.
std::uint32_t BackendTable::Lot() noexcept {
  lot_ ^= lot_ << 13;
  lot_ ^= lot_ >> 7;
  lot_ ^= lot_ << 17;
  return static_cast<std::uint32_t>(lot_ >> 32);
}

void BackendTable::Candidates(const ForwardSet& set, Question& question) noexcept {
  const std::size_t size = set.endpoints.size();
  if (size == 0) return;
  const std::size_t start = size > Question::kMaxCandidates ? Lot() % size : 0;
  const std::size_t count = std::min(size, Question::kMaxCandidates);
  for (std::size_t i = 0; i < count; ++i) {
    Backend* backend = Find(set.endpoints[(start + i) % size]);
    if (backend == nullptr) continue;
    ++backend->references;
    question.candidates[question.candidate_count++] = backend;
  }
}

int BackendTable::Choose(const Question& question) noexcept {
  int best = -1;
  std::uint64_t best_cost = ~std::uint64_t{0};
  for (int i = 0; i < question.candidate_count; ++i) {
    Backend& backend = *question.candidates[static_cast<std::size_t>(i)];
    if ((question.refused >> i & 1) != 0) continue;
    if (!backend.health().up() && !question.probe) continue;
    const std::uint64_t tried = question.tried >> i & 1;
    const std::uint64_t outstanding = std::min<std::uint32_t>(backend.outstanding, 0xffffff);
    const auto distance = static_cast<std::uint64_t>(Distance(backend.health().round_trip_us()));
    const std::uint64_t cost =
        tried << 63 | outstanding << 32 | distance << 24 | (Lot() & 0xffffff);
    if (cost < best_cost) {
      best = i;
      best_cost = cost;
    }
  }
  return best;
}

Backend* BackendTable::Find(const net::Endpoint& endpoint) noexcept {
  const auto found = by_endpoint_.find(endpoint);
  if (found != by_endpoint_.end()) return found->second;
  if (backends_.size() >= options_.max_backends && !Evict()) return nullptr;
  auto made = std::make_unique<Backend>(loop_, endpoint, options_, events_);
  Backend* backend = made.get();
  by_endpoint_.emplace(endpoint, backend);
  const std::lock_guard lock(mutex_);
  backends_.push_back(std::move(made));
  return backend;
}

bool BackendTable::Evict() noexcept {
  auto oldest = backends_.end();
  for (auto b = backends_.begin(); b != backends_.end(); ++b) {
    if ((*b)->references != 0) continue;
    if (oldest == backends_.end() || (*b)->last_used_us < (*oldest)->last_used_us) oldest = b;
  }
  if (oldest == backends_.end()) return false;
  by_endpoint_.erase((*oldest)->endpoint());
  const std::lock_guard lock(mutex_);
  backends_.erase(oldest);
  return true;
}

std::vector<BackendStatus> BackendTable::Statuses() const {
  const std::lock_guard lock(mutex_);
  std::vector<BackendStatus> statuses;
  statuses.reserve(backends_.size());
  for (const auto& backend : backends_) statuses.push_back(backend->Status());
  return statuses;
}

}  // namespace sealwire::proxy
