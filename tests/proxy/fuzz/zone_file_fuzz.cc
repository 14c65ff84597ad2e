// Any text as a zone file: reading ends, and a zone that is built can be walked.
#include <cstdlib>

#include "proxy/zone_file.h"

using namespace sealwire;  // NOLINT(google-build-using-namespace)

// ldns 1.8.3 loses two octets when it refuses some records: the leak is not in the code under test.
extern "C" const char* __lsan_default_suppressions() {
  return "leak:ldns_rdf_new_frm_data\n";
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const dns::Name apex = *dns::Name::FromText("example.");
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto zone = proxy::ParseZoneText(text, apex, "zone");
  if (!zone.ok()) {
    if (zone.error().rfind("zone:", 0) != 0) std::abort();
    return 0;
  }
  std::size_t nodes = 0;
  (*zone)->ForEachNode([&](const proxy::LocalZone::Node& node) {
    ++nodes;
    if ((*zone)->Exact(node.owner()) != &node) std::abort();
  });
  if (nodes != (*zone)->node_count()) std::abort();
  return 0;
}
