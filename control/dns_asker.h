// Asks one DNS server one question and waits for the answer: UDP, and TCP when it was truncated.
//
// Off the packet path, for looks at the parent. Threading: any thread; Ask() blocks for at most its
// timeouts. Answers are hostile: only one from the server asked, with our id and question, counts
// (RFC 5452 section 9.1); the source port and the id are the kernel's and random.
// Errors: a sentence with the server.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "dns/name.h"
#include "dns/result.h"
#include "dns/rr_type.h"
#include "net/address.h"

namespace sealwire::control {

class DnsAsker {
 public:
  virtual ~DnsAsker() = default;
  // The whole answer message. `recursion` sets RD.
  virtual Result<std::vector<std::uint8_t>> Ask(const net::Endpoint& server, const dns::Name& name,
                                                dns::RRType type, bool recursion) = 0;
};

class SocketAsker : public DnsAsker {
 public:
  explicit SocketAsker(std::chrono::milliseconds timeout = std::chrono::milliseconds(1500),
                       int tries = 2, bool dnssec_ok = false)
      : timeout_(timeout), tries_(tries), dnssec_ok_(dnssec_ok) {}
  Result<std::vector<std::uint8_t>> Ask(const net::Endpoint& server, const dns::Name& name,
                                        dns::RRType type, bool recursion) override;

 private:
  std::chrono::milliseconds timeout_;  // of one try
  int tries_;
  bool dnssec_ok_;  // DO is set in queries
};

}  // namespace sealwire::control
