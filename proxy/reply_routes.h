// What a kernel worker writes into a ReplyRoute: words 0 to 6 as the path likes, word 7 the tag by
// which the worker finds the path again.
//
// Threading: pure functions. No allocation.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "proxy/pipeline.h"

namespace sealwire::proxy {

enum class RouteKind : std::uint8_t { kUdp, kTcp };

struct RouteTag {
  RouteKind kind = RouteKind::kUdp;
  std::uint32_t index = 0;  // which socket of that kind
};

inline constexpr std::size_t kRouteOctets = 7 * sizeof(std::uint64_t);

inline void SetTag(ReplyRoute& route, RouteTag tag) noexcept {
  route.words[7] = static_cast<std::uint64_t>(tag.kind) << 32 | tag.index;
}

inline RouteTag TagOf(const ReplyRoute& route) noexcept {
  return {static_cast<RouteKind>(route.words[7] >> 32), static_cast<std::uint32_t>(route.words[7])};
}

template <class Value>
ReplyRoute MakeRoute(RouteTag tag, const Value& value) noexcept {
  static_assert(std::is_trivially_copyable_v<Value> && sizeof(Value) <= kRouteOctets);
  ReplyRoute route;
  std::memcpy(route.words.data(), &value, sizeof value);
  SetTag(route, tag);
  return route;
}

template <class Value>
Value ReadRoute(const ReplyRoute& route) noexcept {
  static_assert(std::is_trivially_copyable_v<Value> && sizeof(Value) <= kRouteOctets);
  std::array<std::uint8_t, sizeof(Value)> octets;
  std::memcpy(octets.data(), route.words.data(), octets.size());
  return std::bit_cast<Value>(octets);
}

}  // namespace sealwire::proxy
