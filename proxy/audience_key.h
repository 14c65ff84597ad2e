// Where workers count who asks a zone. Threading: value.
#pragma once

#include <cstdint>

namespace sealwire::proxy {

// A place, and who holds it: the place of a zone that was removed is used again. Holder 0: the zone
// is not counted.
struct AudienceKey {
  std::uint32_t place = 0;
  std::uint32_t holder = 0;
};

}  // namespace sealwire::proxy
