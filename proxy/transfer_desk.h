// Sends zones to secondaries: whole (RFC 5936), or what changed since the version that one has (RFC
// 1995), where the journal reaches back to it and is not the longer answer.
//
// A worker that gets a query for a transfer gives the connection away (TransferTaker); threads of
// the desk read the query again, verify its TSIG, send, and answer what the secondary asks next on
// that connection: more transfers, or SOA. Every wait has an end and connections are few, so that
// a secondary that does not read holds up nobody but itself.
//
// Threading: Take() and Offer() by any thread. Ownership: owns the connections and its threads;
// offers are shared. Errors: the connection is closed; the log's business is `on_sent`.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "dns/bytes.h"
#include "net/address.h"
#include "net/file_descriptor.h"
#include "proxy/copy_journal.h"
#include "proxy/signed_copy.h"
#include "proxy/transfer_taker.h"
#include "proxy/zone_transfers.h"

namespace sealwire::proxy {

// A zone that may be copied, and by whom.
struct TransferOffer {
  std::shared_ptr<const SignedCopy> copy;
  std::shared_ptr<const ZoneTransfers> peers;
  std::shared_ptr<const CopyJournal> journal;  // null: there is no older version
};

class TransferDesk final : public TransferTaker {
 public:
  static constexpr std::size_t kMaxWaiting = 64;

  enum class Way : std::uint8_t { kAxfr, kIxfr };
  // `on_sent` is called by a thread of the desk: zone, who, how, records.
  using Sent = std::function<void(const dns::Name&, const net::Endpoint&, Way, std::size_t)>;
  TransferDesk(int threads, Sent on_sent);
  ~TransferDesk() override;
  TransferDesk(const TransferDesk&) = delete;
  TransferDesk& operator=(const TransferDesk&) = delete;

  // Puts the offer in place of the zone's last; one without a copy withdraws it.
  void Offer(const dns::Name& apex, TransferOffer offer);
  void Take(net::FileDescriptor socket, const net::Endpoint& client,
            dns::Bytes received) noexcept override;

 private:
  struct Guest {
    net::FileDescriptor socket;
    net::Endpoint client;
    std::vector<std::uint8_t> received;
  };
  void Loop();
  TransferOffer Find(dns::NameView apex);
  void Serve(Guest& guest);

  Sent on_sent_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Guest> guests_;
  std::map<std::string, TransferOffer> offers_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace sealwire::proxy
