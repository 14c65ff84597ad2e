// Any text as the records of a catalog: refused, or members of which no two are the same zone.
#include <cstdlib>
#include <set>
#include <string>

#include "proxy/catalog_zone.h"
#include "proxy/zone_file.h"

using namespace sealwire;  // NOLINT(google-build-using-namespace)

// ldns 1.8.3 loses two octets when it refuses some records: the leak is not in the code under test.
extern "C" const char* __lsan_default_suppressions() {
  return "leak:ldns_rdf_new_frm_data\n";
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const dns::Name apex = *dns::Name::FromText("cat");
  const std::string text =
      "$TTL 60\n@ SOA . . 1 60 60 60 60\n@ NS invalid.\n"
      "version TXT \"2\"\na.zones PTR one.\ngroup.a.zones TXT g\n" +
      std::string(reinterpret_cast<const char*>(data), size);
  const auto zone = proxy::ParseZoneText(text, apex, "catalog");
  if (!zone.ok()) return 0;
  const auto members = proxy::ReadCatalog(**zone);
  if (!members.ok()) return 0;
  std::set<std::string> zones;
  for (const proxy::CatalogMember& member : *members) {
    if (!zones.insert(member.zone.Lowered().ToText()).second) std::abort();
  }
  return 0;
}
