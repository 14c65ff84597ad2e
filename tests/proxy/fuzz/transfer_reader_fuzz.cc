// Any octets as the messages of a transfer, whole and incremental: reading ends, and what becomes a
// zone is one.
#include <cstdlib>

#include "proxy/transfer_reader.h"
#include "proxy/zone_file.h"

using namespace sealwire;         // NOLINT(google-build-using-namespace)
using namespace sealwire::proxy;  // NOLINT(google-build-using-namespace)

namespace {

void Read(dns::Bytes stream, const std::shared_ptr<const LocalZone>& have, dns::NameView apex) {
  // The id is the first message's: what matters comes after it.
  dns::Reader frames(stream);
  const std::uint16_t id = dns::Reader(stream, stream.size() < 4 ? 0 : 2).U16();
  TransferReader reader(apex, have, id, 1 << 20);
  auto step = TransferReader::Step::kMore;
  while (step == TransferReader::Step::kMore && frames.remaining() > 0) {
    const dns::Bytes message = frames.Run(frames.U16());
    if (!frames.ok()) return;
    step = reader.Take(message);
  }
  const auto zone = reader.Finish();
  if (zone.ok() && step != TransferReader::Step::kDone) std::abort();
  if (!zone.ok()) return;
  (*zone)->ForEachNode([&](const LocalZone::Node& node) {
    if (!node.owner().IsSubdomainOf(apex)) std::abort();
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const dns::Name apex = *dns::Name::FromText("z");
  static const auto have =
      *ParseZoneText("$TTL 9\n@ SOA . . 1 9 9 9 9\n@ NS .\na A 192.0.2.1\n", apex, "fuzz");
  Read({data, size}, nullptr, apex);
  Read({data, size}, have, apex);
  return 0;
}
