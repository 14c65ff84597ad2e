// Bodies of any octets: refused, or a backend that is written and read back equal.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>

#include "control/record_json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sealwire::control;
  const auto json = ParseJson({reinterpret_cast<const char*>(data), size});
  if (!json) return 0;
  if (const auto backend = BackendFromJson(*json); backend.ok()) {
    const auto again = BackendFromJson(BackendToJson(*backend));
    if (!again.ok() || !(*again == *backend)) std::abort();
  }
  (void)ParentFromJson(*json);
  return 0;
}
