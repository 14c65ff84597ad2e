// What is read as a prefix survives being written and read again, and holds its own address.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "net/prefix.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sealwire::net;
  const auto prefix = Prefix::FromText({reinterpret_cast<const char*>(data), size});
  if (!prefix.ok()) return 0;
  const auto again = Prefix::FromText(prefix->ToText());
  if (!again.ok() || !(*again == *prefix)) std::abort();
  if (!prefix->Contains(prefix->address())) std::abort();
  return 0;
}
