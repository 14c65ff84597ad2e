#include "proxy/synthesized_soa.h"

namespace sealwire::proxy {
namespace {

constexpr std::array<std::uint8_t, 16> kNobody = {6,   'n', 'o', 'b', 'o', 'd', 'y', 7,
                                                  'i', 'n', 'v', 'a', 'l', 'i', 'd', 0};
constexpr std::uint32_t kSerial = 1;
constexpr std::uint32_t kRefresh = 3600;
constexpr std::uint32_t kRetry = 600;
constexpr std::uint32_t kExpire = 604800;
constexpr std::uint32_t kMinimum = 60;

}  // namespace

dns::RRsetView SynthesizedSoa(const Zone& zone, Arena& arena) noexcept {
  dns::Writer& writer = arena.writer();
  const std::size_t from = writer.size();
  writer.U16(static_cast<std::uint16_t>(zone.apex.size() + kNobody.size() + 20));
  writer.Run(zone.apex.wire());
  writer.Run(kNobody);
  for (const std::uint32_t field : {kSerial, kRefresh, kRetry, kExpire, kMinimum}) {
    writer.U32(field);
  }
  return {zone.apex, dns::RRType::kSOA, dns::RRClass::kIN, kMinimum, 1, arena.Since(from)};
}

}  // namespace sealwire::proxy
