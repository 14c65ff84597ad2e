// The endpoints a worker asks: found by address, chosen by how busy, how near and how healthy they
// are.
//
// Threading: one worker's thread, except Statuses(). Bounded: beyond the limit the endpoint that
// was not used for the longest time makes room. Allocates only for an endpoint that is new.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "proxy/backend.h"
#include "proxy/outstanding_questions.h"

namespace sealwire::proxy {

class BackendTable {
 public:
  BackendTable(net::EventLoop& loop, const ForwardOptions& options, BackendEvents& events);

  // Fills in who may be asked; of a set that is larger, a part drawn by lot.
  void Candidates(const ForwardSet& set, Question& question) noexcept;

  // The candidate to ask next, or -1. Those not tried yet come first, then the least busy, then the
  // nearest; which of several like ones is left to the lot.
  int Choose(const Question& question) noexcept;

  // `visit(Backend&)` may ask, and so bring in further backends.
  template <class Visit>
  void ForEach(Visit&& visit) {
    for (std::size_t i = 0; i < backends_.size(); ++i) visit(*backends_[i]);
  }
  bool empty() const noexcept { return backends_.empty(); }
  // Any thread.
  std::vector<BackendStatus> Statuses() const;

 private:
  struct Hash {
    std::size_t operator()(const net::Endpoint& endpoint) const noexcept;
  };

  Backend* Find(const net::Endpoint& endpoint) noexcept;
  bool Evict() noexcept;
  std::uint32_t Lot() noexcept;

  net::EventLoop& loop_;
  const ForwardOptions& options_;
  BackendEvents& events_;
  mutable std::mutex mutex_;  // held to change backends_, and to read it from another thread
  std::vector<std::unique_ptr<Backend>> backends_;
  std::unordered_map<net::Endpoint, Backend*, Hash> by_endpoint_;
  std::uint64_t lot_ = 0x9e3779b97f4a7c15u;
};

}  // namespace sealwire::proxy
