// What either end of the HSM's socket may be sent.
#include <cstdlib>
#include <vector>

#include "keycache/hsm_protocol.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sealwire;
  const dns::Bytes octets(data, size);
  if (const auto request = keycache::ParseRequest(octets)) {
    std::vector<std::uint8_t> again(size);
    dns::Writer out(again);
    keycache::WriteRequest(*request, out);
    if (!out.ok() || !dns::Equal(out.written(), octets)) std::abort();
  }
  if (const auto reply = keycache::ParseReply(octets)) {
    keycache::ReasonOf(*reply);
    keycache::ParseKey(reply->body);
    std::vector<std::uint8_t> again(size);
    dns::Writer out(again);
    keycache::WriteReply(*reply, out);
    if (!out.ok() || !dns::Equal(out.written(), octets)) std::abort();
  }
  return 0;
}
