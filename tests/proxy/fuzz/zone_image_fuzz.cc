// Any octets as the image of a zone on disk, with a sum that fits and without: it is refused, or
// the zone that is read can be walked.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "proxy/zone_image.h"
#include "signer/sha256.h"

using namespace sealwire;  // NOLINT(google-build-using-namespace)

namespace {

// A file in memory, with a path.
class MemoryFile {
 public:
  explicit MemoryFile(dns::Bytes octets) : fd_(::memfd_create("image", MFD_CLOEXEC)) {
    if (::write(fd_, octets.data(), octets.size()) != static_cast<ssize_t>(octets.size())) {
      std::abort();
    }
  }
  ~MemoryFile() { ::close(fd_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

 private:
  int fd_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const dns::Name apex = *dns::Name::FromText("z");
  constexpr std::size_t kHeader = 16;  // magic and time
  std::vector<std::uint8_t> octets(data, data + size);
  if (size > kHeader && data[size - 1] % 4 != 0) {
    // The magic and the sum are not to be guessed.
    const char magic[] = {'S', 'E', 'A', 'L', 'Z', 'N', '0', '1'};
    std::copy(std::begin(magic), std::end(magic), octets.begin());
    signer::Sha256 hash;
    hash.Update(dns::Bytes(octets).subspan(kHeader));
    const auto digest = hash.Finish();
    octets.insert(octets.end(), digest.begin(), digest.end());
  }
  const auto image = proxy::ReadZoneImage(MemoryFile(octets).path(), apex);
  if (!image.ok()) return 0;
  std::size_t nodes = 0;
  image->zone->ForEachNode([&](const proxy::LocalZone::Node& node) {
    ++nodes;
    if (image->zone->Exact(node.owner()) != &node) std::abort();
  });
  if (nodes != image->zone->node_count()) std::abort();
  return 0;
}
