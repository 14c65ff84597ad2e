// Fetches a zone from a primary over TCP: SOA, then IXFR or AXFR (RFC 1995, RFC 5936), signed with
// TSIG where a key is given (RFC 8945).
//
// Blocks: for a thread of its own, never for a worker. Every wait has an end: a primary that is
// silent, slow or endless is left. Threading: any thread; what is given is const.
// Errors: TransferResult::problem, a sentence.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "dns/name.h"
#include "net/address.h"
#include "proxy/local_zone.h"
#include "signer/tsig.h"

namespace sealwire::proxy {

struct TransferLimits {
  std::uint64_t octets = std::uint64_t{2} << 30;  // of all messages
  std::chrono::milliseconds connect{5000};
  std::chrono::milliseconds silence{30000};  // until the next message is whole
  std::chrono::milliseconds whole{std::chrono::minutes(30)};
};

struct TransferRequest {
  dns::Name apex;
  net::Endpoint primary;
  std::shared_ptr<const signer::TsigKey> key;  // null: unsigned
  std::shared_ptr<const LocalZone> have;       // null: nothing yet
  TransferLimits limits;
  std::shared_ptr<const std::atomic<bool>> stop;  // set: give up soon
};

struct TransferResult {
  enum class Kind : std::uint8_t { kFailed, kUnchanged, kReplaced } kind = Kind::kFailed;
  std::shared_ptr<const LocalZone> zone;  // kReplaced
  bool incremental = false;
  std::uint64_t octets = 0;
  std::string problem;  // kFailed
};

TransferResult FetchZone(const TransferRequest& request);

}  // namespace sealwire::proxy
