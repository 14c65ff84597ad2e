// The last good content of a transferred zone, on disk: what is served after a restart while the
// primary is away.
//
// A file holds when the primary last confirmed the content, all records, and a SHA-256 of them; it
// is replaced as a whole (written beside, synced, renamed), so that after a crash the old or the
// new one is there. One file a zone. Threading: any thread, one at a time for one path; blocks.
// Errors: a sentence with the path. A damaged file is refused, never served in part.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "dns/name.h"
#include "dns/result.h"
#include "proxy/local_zone.h"

namespace sealwire::proxy {

struct ZoneImage {
  std::shared_ptr<const LocalZone> zone;
  std::int64_t confirmed_at = 0;  // seconds since 1970
};

Status WriteZoneImage(const std::string& path, const LocalZone& zone, std::int64_t confirmed_at);
// The primary has nothing newer: only the time changes.
Status ConfirmZoneImage(const std::string& path, std::int64_t confirmed_at);
Result<ZoneImage> ReadZoneImage(const std::string& path, dns::NameView apex);

}  // namespace sealwire::proxy
