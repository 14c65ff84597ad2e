// An answer as another implementation reads it: ldns parses, prints and compares the records.
#pragma once

#include <ldns/ldns.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/proxy/query_packet.h"

namespace sealwire::proxy::testing {

class Reply {
 public:
  Reply() = default;
  explicit Reply(Packet wire) : wire_(std::move(wire)) {
    ldns_pkt* packet = nullptr;
    if (ldns_wire2pkt(&packet, wire_.data(), wire_.size()) != LDNS_STATUS_OK) return;
    packet_ = {packet, ldns_pkt_free};
  }

  bool parsed() const { return packet_ != nullptr; }
  const Packet& wire() const { return wire_; }
  ldns_pkt* packet() const { return packet_.get(); }
  int rcode() const {
    const int extended = ldns_pkt_edns(packet()) ? ldns_pkt_edns_extended_rcode(packet()) << 4 : 0;
    return ldns_pkt_get_rcode(packet()) | extended;
  }
  bool aa() const { return ldns_pkt_aa(packet()); }
  bool tc() const { return ldns_pkt_tc(packet()); }
  bool has_edns() const { return ldns_pkt_edns(packet()); }
  bool dnssec_ok() const { return ldns_pkt_edns_do(packet()); }
  bool compact_ok() const { return (ldns_pkt_edns_z(packet()) & 0x4000) != 0; }

  // Records as text with single spaces, RRSIGs left out: "www.example. 300 IN A 192.0.2.1".
  std::vector<std::string> Answer() const { return Lines(ldns_pkt_answer(packet())); }
  std::vector<std::string> Authority() const { return Lines(ldns_pkt_authority(packet())); }
  std::vector<std::string> Additional() const { return Lines(ldns_pkt_additional(packet())); }
  std::size_t Rrsigs() const {
    std::size_t count = 0;
    for (ldns_rr_list* list : {ldns_pkt_answer(packet()), ldns_pkt_authority(packet())}) {
      for (std::size_t i = 0; i < ldns_rr_list_rr_count(list); ++i) {
        count += ldns_rr_get_type(ldns_rr_list_rr(list, i)) == LDNS_RR_TYPE_RRSIG;
      }
    }
    return count;
  }
  // INFO-CODE of the extended DNS error (RFC 8914), or -1.
  int ExtendedError() const {
    ldns_rdf* data = ldns_pkt_edns_data(packet());
    if (data == nullptr) return -1;
    const std::uint8_t* octets = ldns_rdf_data(data);
    for (std::size_t at = 0; at + 4 <= ldns_rdf_size(data);) {
      const int code = octets[at] << 8 | octets[at + 1];
      const std::size_t size = static_cast<std::size_t>(octets[at + 2] << 8 | octets[at + 3]);
      if (code == 15) return octets[at + 4] << 8 | octets[at + 5];
      at += 4 + size;
    }
    return -1;
  }

 private:
  static std::vector<std::string> Lines(ldns_rr_list* list) {
    std::vector<std::string> lines;
    for (std::size_t i = 0; i < ldns_rr_list_rr_count(list); ++i) {
      const ldns_rr* rr = ldns_rr_list_rr(list, i);
      if (ldns_rr_get_type(rr) == LDNS_RR_TYPE_RRSIG) continue;
      char* text = ldns_rr2str(rr);
      lines.emplace_back(text);
      free(text);  // NOLINT: ldns allocates with malloc
      for (char& c : lines.back()) {
        if (c == '\t') c = ' ';
      }
      while (!lines.back().empty() && (lines.back().back() == '\n' || lines.back().back() == ' ')) {
        lines.back().pop_back();
      }
    }
    return lines;
  }

  Packet wire_;
  std::shared_ptr<ldns_pkt> packet_;
};

}  // namespace sealwire::proxy::testing
