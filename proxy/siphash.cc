#include "proxy/siphash.h"

#include <bit>

namespace sealwire::proxy {
namespace {

std::uint64_t LowestFirst(dns::Bytes octets) noexcept {
  std::uint64_t word = 0;
  for (std::size_t i = octets.size(); i > 0; --i) word = word << 8 | octets[i - 1];
  return word;
}

struct State {
  std::uint64_t v0, v1, v2, v3;

  void Round() noexcept {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  }
  void Absorb(std::uint64_t word) noexcept {
    v3 ^= word;
    Round();
    Round();
    v0 ^= word;
  }
};

}  // namespace

std::uint64_t SipHash24(const SipKey& key, dns::Bytes data) noexcept {
  const std::uint64_t k0 = LowestFirst(dns::Bytes(key).first(8));
  const std::uint64_t k1 = LowestFirst(dns::Bytes(key).last(8));
  State state{k0 ^ 0x736f6d6570736575u, k1 ^ 0x646f72616e646f6du, k0 ^ 0x6c7967656e657261u,
              k1 ^ 0x7465646279746573u};
  dns::Bytes rest = data;
  for (; rest.size() >= 8; rest = rest.subspan(8)) state.Absorb(LowestFirst(rest.first(8)));
  state.Absorb(LowestFirst(rest) | static_cast<std::uint64_t>(data.size()) << 56);
  state.v2 ^= 0xff;
  for (int i = 0; i < 4; ++i) state.Round();
  return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

}  // namespace sealwire::proxy
