// Stored records. The sum at the end is made right, so that what lies behind it is reached.
#include <algorithm>
#include <cstdlib>
#include <vector>

#include "keycache/key_cache.h"
#include "keycache/zone_key_record.h"
#include "signer/sha256.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sealwire;
  std::vector<std::uint8_t> octets(data, data + size);
  const signer::Digest sum = signer::Sha256::Hash(octets);
  octets.insert(octets.end(), sum.begin(), sum.end());
  const auto record = keycache::ZoneKeyRecord::Decode(octets);
  if (!record) return 0;
  // A record of an older version is written as one of this.
  const std::vector<std::uint8_t> written = record->Encode();
  const bool older = octets[3] != written[3];
  if (!older && written != octets) std::abort();
  const auto again = keycache::ZoneKeyRecord::Decode(written);
  if (!again || again->Encode() != written) std::abort();
  record->DnskeyRRset();
  record->CdsRRset();
  record->CdnskeyRRset();
  keycache::PreparedUntil(*record);
  keycache::RefreshDue(*record, 1790000000);
  return 0;
}
