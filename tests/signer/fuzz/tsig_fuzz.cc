// Any octets as a query, as a reply and as a later message of a stream: what is taken for good was
// signed with the key.
#include <cstdlib>
#include <vector>

#include "signer/tsig.h"

using namespace sealwire::signer;  // NOLINT(google-build-using-namespace)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static constexpr std::uint8_t kSecret[32] = {7};
  static constexpr std::uint8_t kKeyName[] = {1, 'k', 0};
  static const TsigKey key(*sealwire::dns::NameView::Parse(kKeyName), HmacHash::kSha256, kSecret);
  const sealwire::dns::Bytes message(data, size);
  TsigRecord record;
  TsigExchange server;
  if (TsigRecord::Find(message, record) == TsigVerdict::kGood) {
    // Nobody who has not the key finds a code for it.
    if (server.VerifyQuery(message, record, &key, 1700000000) == TsigVerdict::kGood) std::abort();
    std::vector<std::uint8_t> reply(12 + server.reply_size());
    if (server.SignError(reply, 12, 1700000000) != reply.size()) std::abort();
  }
  TsigExchange asker(key);
  std::vector<std::uint8_t> query(512);
  if (asker.Sign(query, 12, 1700000000) == 0) std::abort();
  std::size_t without = 0;
  if (asker.VerifyReply(message, 1700000000, without) == TsigVerdict::kGood) std::abort();
  if (without > size) std::abort();
  return 0;
}
