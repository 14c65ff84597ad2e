// What is read as an endpoint must survive being written and read again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "net/address.h"
#include "net/http_request.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sealwire::net;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto endpoint = Endpoint::FromText(text);
  if (endpoint.ok()) {
    const auto again = Endpoint::FromText(endpoint->ToText());
    if (!again.ok() || !(*again == *endpoint)) std::abort();
  }
  for (const std::string& segment : SplitPath(text)) {
    if (segment.empty()) std::abort();
  }
  ParseQuery(text);
  return 0;
}
