#include "proxy/signed_question.h"

#include <algorithm>

#include "dns/message_view.h"
#include "proxy/clock.h"

namespace sealwire::proxy {

std::size_t SignQuestion(const signer::TsigKey& key, dns::MutableBytes buffer, std::size_t size,
                         QueryMac& mac) noexcept {
  signer::TsigExchange exchange(key);
  const std::size_t whole = exchange.Sign(buffer, size, UnixMilliseconds() / 1000);
  const dns::Bytes code = exchange.mac();
  std::copy(code.begin(), code.end(), mac.octets.begin());
  mac.size = static_cast<std::uint8_t>(code.size());
  return whole;
}

signer::TsigVerdict VerifyAnswer(const signer::TsigKey& key, const QueryMac& mac,
                                 dns::MutableBytes& answer) noexcept {
  signer::TsigExchange exchange(key, dns::Bytes(mac.octets).first(mac.size));
  std::size_t without = answer.size();
  const signer::TsigVerdict verdict =
      exchange.VerifyReply(answer, UnixMilliseconds() / 1000, without);
  if (verdict != signer::TsigVerdict::kGood) return verdict;
  constexpr std::size_t kArcountAt = 10;
  const std::uint16_t additional = dns::Reader(answer, kArcountAt).U16();
  dns::Writer count(answer.subspan(kArcountAt));
  count.U16(static_cast<std::uint16_t>(additional - 1));
  answer = answer.first(without);
  return verdict;
}

}  // namespace sealwire::proxy
