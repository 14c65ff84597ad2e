#include "proxy/rate_limiter.h"

#include <algorithm>
#include <bit>

#include "proxy/name_hash.h"

namespace sealwire::proxy {
namespace {

std::uint64_t Load8(dns::Bytes octets) noexcept {
  std::uint64_t word = 0;
  for (const std::uint8_t octet : octets.first(std::min<std::size_t>(8, octets.size()))) {
    word = word << 8 | octet;
  }
  return word;
}

std::uint64_t HashOf(const net::Prefix& network, std::uint64_t seed) noexcept {
  const dns::Bytes octets = network.address().octets();
  std::uint64_t hash = FoldedProduct(Load8(octets) ^ seed, 0xa0761d6478bd642fu);
  if (octets.size() == 16) {
    hash = FoldedProduct(Load8(octets.last(8)) ^ hash, 0xe7037ed1a0b428dbu);
  }
  return hash;
}

}  // namespace

RateLimiter::RateLimiter(const RateLimitOptions& options, std::uint64_t seed)
    : options_(options),
      seed_(seed),
      accounts_(options.enabled()
                    ? std::bit_ceil(std::max<std::size_t>(options.table_size, kWays) / kWays)
                    : 0) {
  options_.window = std::max(options_.window, 1u);
}

std::uint32_t RateLimiter::RateOf(Kind kind) const noexcept {
  switch (kind) {
    case Kind::kResponse:
      return options_.responses_per_second;
    case Kind::kNxdomain:
      return options_.nxdomains_per_second;
    case Kind::kError:
      return options_.errors_per_second;
    case Kind::kAll:
      break;
  }
  return options_.all_per_second;
}

RateLimiter::Verdict RateLimiter::Debit(const net::IpAddress& client, Kind kind, std::uint64_t what,
                                        std::uint32_t now) noexcept {
  if (net::AnyContains(options_.exempt, client)) return Verdict::kSend;
  const net::Prefix network(client, client.IsV6() ? options_.ipv6_prefix : options_.ipv4_prefix);
  const std::uint64_t hash = HashOf(network, seed_);
  Verdict verdict = Verdict::kSend;
  if (const std::uint32_t rate = RateOf(kind); rate != 0) {
    if (kind == Kind::kError) what = 0;
    const std::uint64_t account =
        FoldedProduct(hash ^ what, 0x8ebc6af09c88c6e3u + static_cast<std::uint64_t>(kind));
    verdict = Debit(account, rate, options_.slip, now);
  }
  if (options_.all_per_second != 0 &&
      Debit(hash, options_.all_per_second, /*slip=*/0, now) != Verdict::kSend) {
    verdict = Verdict::kDrop;
  }
  return verdict;
}

RateLimiter::Account& RateLimiter::AccountOf(std::uint64_t hash, std::uint32_t rate,
                                             std::uint32_t now) noexcept {
  const std::uint32_t tag = static_cast<std::uint32_t>(hash >> 32) | 1u;
  auto& accounts = accounts_[hash & (accounts_.size() - 1)].accounts;
  for (Account& account : accounts) {
    if (account.tag != tag) continue;
    const std::uint32_t age = now - account.seen;
    account.seen = now;
    if (age > options_.window) {
      account.balance = static_cast<std::int32_t>(rate);
    } else {
      const std::int64_t credited = account.balance + std::int64_t{age} * rate;
      account.balance = static_cast<std::int32_t>(std::min<std::int64_t>(credited, rate));
    }
    return account;
  }
  Account& oldest = *std::min_element(
      accounts.begin(), accounts.end(), [now](const Account& a, const Account& b) {
        return (a.tag == 0) != (b.tag == 0) ? a.tag == 0 : now - a.seen > now - b.seen;
      });
  oldest = {tag, now, static_cast<std::int32_t>(rate), 0};
  return oldest;
}

RateLimiter::Verdict RateLimiter::Debit(std::uint64_t hash, std::uint32_t rate, std::uint32_t slip,
                                        std::uint32_t now) noexcept {
  Account& account = AccountOf(hash, rate, now);
  const std::int64_t lowest = -std::int64_t{rate} * options_.window;
  account.balance = static_cast<std::int32_t>(std::max<std::int64_t>(account.balance - 1, lowest));
  if (account.balance >= 0) {
    account.limited = 0;
    return Verdict::kSend;
  }
  ++account.limited;
  return slip != 0 && account.limited % slip == 0 ? Verdict::kSlip : Verdict::kDrop;
}

}  // namespace sealwire::proxy
