// A bitmap that parses is written back octet for octet.
#include <cstdlib>
#include <vector>

#include "dns/type_bitmap.h"

using namespace sealwire::dns;  // NOLINT(google-build-using-namespace)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  TypeBitmap bitmap;
  if (!TypeBitmap::Parse({data, size}, bitmap)) return 0;
  std::vector<std::uint8_t> buffer(size);
  Writer out(buffer);
  bitmap.Write(out);
  if (!out.ok() || !Equal(out.written(), {data, size})) std::abort();
  return 0;
}
