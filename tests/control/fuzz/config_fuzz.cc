// Configuration files of any octets: an error, or a value that is dumped and read back equal.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "control/config.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(data, data + size);
  const auto config = sealwire::control::Config::FromText("fuzz", text);
  if (!config.ok()) return 0;
  const auto again = sealwire::control::Config::FromText("dump", config->ToYaml());
  if (!again.ok() || !(*again == *config)) std::abort();
  return 0;
}
