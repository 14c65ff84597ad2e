// A reply that matches a question must repeat it: id, name, type and class.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "dns/message_view.h"
#include "proxy/forward_query.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sealwire;
  static const dns::Name name = dns::Name::FromText("WwW.eXample.").value();
  std::vector<std::uint8_t> reply(data, data + size);
  const auto match = proxy::MatchReply(reply, 0x1234, name, dns::RRType::kA);
  const bool whole = match == proxy::ReplyMatch::kAnswer ||
                     match == proxy::ReplyMatch::kTruncated ||
                     match == proxy::ReplyMatch::kOtherCase;
  if (!whole) return 0;
  if (reply.size() < dns::kHeaderSize + name.size() + 4) std::abort();
  if (reply[0] != 0x12 || reply[1] != 0x34 || (reply[2] & 0x80) == 0) std::abort();
  proxy::RespellQuestion(reply, name);
  if (proxy::MatchReply(reply, 0x1234, name, dns::RRType::kA) == proxy::ReplyMatch::kNoMatch) {
    std::abort();
  }
  return 0;
}
