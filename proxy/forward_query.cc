#include "proxy/forward_query.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "dns/message_view.h"
#include "dns/message_writer.h"

namespace sealwire::proxy {

namespace {

bool IsLetter(std::uint8_t octet) noexcept {
  const std::uint8_t lower = octet | 0x20;
  return lower >= 'a' && lower <= 'z';
}

}  // namespace

std::size_t WriteForwardQuery(std::uint16_t id, dns::NameView name, dns::RRType type,
                              const EdnsOffer* edns, dns::MutableBytes out) noexcept {
  std::array<std::uint8_t, ClientSubnet::kMaxOption> option_octets;
  dns::Writer options(option_octets);
  dns::EdnsReply opt;
  if (edns != nullptr) {
    if (edns->subnet) WriteClientSubnet(*edns->subnet, /*scope=*/0, options);
    opt.udp_size = edns->udp_payload;
    opt.options = options.written();
  }
  dns::MessageWriter writer(out, edns != nullptr ? &opt : nullptr);
  writer.StartQuery(id, false);
  writer.AddQuestion(name, type, dns::RRClass::kIN);
  return writer.Finish(dns::Rcode::kNoError);
}

void RandomizeCase(dns::Name& name, net::Random& random) noexcept {
  std::array<std::uint8_t, dns::kMaxNameSize> wire;
  std::array<std::uint8_t, (dns::kMaxNameSize + 7) / 8> lots;
  const std::size_t size = name.size();
  std::memcpy(wire.data(), name.wire().data(), size);
  random.Fill(dns::MutableBytes(lots).first((size + 7) / 8));
  for (std::size_t i = 0; i < size; ++i) {
    // The octet before a label is at most 63 and no letter.
    if (IsLetter(wire[i]) && (lots[i / 8] >> (i % 8) & 1) != 0) wire[i] ^= 0x20;
  }
  const auto spelled = dns::NameView::Parse(dns::Bytes(wire).first(size));
  if (spelled) name = dns::Name(*spelled);
}

ReplyMatch MatchReply(dns::Bytes reply, std::uint16_t id, dns::NameView name,
                      dns::RRType type) noexcept {
  const auto header = dns::ParseHeader(reply);
  if (!header || !header->qr || header->opcode != dns::Opcode::kQuery || header->id != id) {
    return ReplyMatch::kNoMatch;
  }
  if (header->qdcount == 0) {
    return header->rcode != 0 ? ReplyMatch::kNoQuestion : ReplyMatch::kNoMatch;
  }
  if (header->qdcount != 1) return ReplyMatch::kNoMatch;
  const auto asked = dns::NameView::Parse(reply.subspan(dns::kHeaderSize));
  if (!asked || !(*asked == name)) return ReplyMatch::kNoMatch;
  dns::Reader reader(reply, dns::kHeaderSize + asked->size());
  const std::uint16_t asked_type = reader.U16();
  const std::uint16_t asked_class = reader.U16();
  if (!reader.ok() || asked_type != static_cast<std::uint16_t>(type) ||
      asked_class != static_cast<std::uint16_t>(dns::RRClass::kIN)) {
    return ReplyMatch::kNoMatch;
  }
  if (!dns::Equal(asked->wire(), name.wire())) return ReplyMatch::kOtherCase;
  return header->tc ? ReplyMatch::kTruncated : ReplyMatch::kAnswer;
}

void RespellQuestion(dns::MutableBytes reply, dns::NameView name) noexcept {
  if (reply.size() < dns::kHeaderSize + name.size()) return;
  std::memcpy(reply.data() + dns::kHeaderSize, name.wire().data(), name.size());
}

}  // namespace sealwire::proxy
