#include "dns/rdata.h"

#include "dns/name.h"

namespace sealwire::dns {
namespace {

// RFC 3403 section 4.1: order, preference, then flags, services and regexp as character-strings.
std::optional<std::size_t> NaptrPrefix(Bytes rdata) noexcept {
  Reader reader(rdata);
  reader.Skip(4);
  for (int i = 0; i < 3; ++i) {
    const std::uint8_t size = reader.U8();
    reader.Skip(size);
  }
  if (!reader.ok()) return std::nullopt;
  return reader.position();
}

// RFC 2874 section 3.1: prefix length in bits, the address suffix, and a name unless the prefix is
// 0.
std::optional<RdataShape> A6Shape(RdataTraits traits, Bytes rdata) noexcept {
  if (rdata.empty() || rdata[0] > 128) return std::nullopt;
  const std::size_t suffix = (128u - rdata[0] + 7u) / 8u;
  if (rdata.size() < 1 + suffix) return std::nullopt;
  if (rdata[0] == 0) {
    if (rdata.size() != 1 + suffix) return std::nullopt;
    return RdataShape{{}, rdata.size(), 0};
  }
  return RdataShape{traits, 1 + suffix, 1};
}

}  // namespace

std::optional<RdataShape> ShapeOf(RRType type, Bytes rdata) noexcept {
  if ((type == RRType::kA && rdata.size() != 4) || (type == RRType::kAAAA && rdata.size() != 16)) {
    return std::nullopt;
  }
  const RdataTraits traits = TraitsOf(type);
  if (traits.names == 0) return RdataShape{traits, rdata.size(), 0};
  if (type == RRType::kA6) return A6Shape(traits, rdata);

  std::size_t first_name = traits.fixed_before;
  if (type == RRType::kNAPTR) {
    const auto prefix = NaptrPrefix(rdata);
    if (!prefix) return std::nullopt;
    first_name = *prefix;
  }
  if (first_name >= rdata.size()) return std::nullopt;
  return RdataShape{traits, first_name, traits.names};
}

bool IsWellFormedRdata(RRType type, Bytes rdata) noexcept {
  const auto shape = ShapeOf(type, rdata);
  if (!shape) return false;
  std::size_t at = shape->first_name;
  for (int i = 0; i < shape->names; ++i) {
    const auto name = NameView::Parse(rdata.subspan(at));
    if (!name) return false;
    at += name->size();
  }
  return FitsAfterNames(*shape, rdata.size() - at);
}

}  // namespace sealwire::dns
