// The messages of a zone transfer, whole (AXFR, RFC 5936) or incremental (IXFR, RFC 1995), until
// they are a zone.
//
// The primary is believed about this zone only, and bounded in what it may send: a record outside
// the zone, of another class, a second SOA, octets beyond the limit, anything after the end: the
// transfer fails, and the zone is as it was. Threading: one owner. Ownership: messages are borrowed
// for the call. Errors: a sentence.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dns/bytes.h"
#include "dns/message_view.h"
#include "dns/name.h"
#include "dns/result.h"
#include "proxy/local_zone.h"
#include "proxy/local_zone_builder.h"
#include "proxy/zone_delta.h"

namespace sealwire::proxy {

class TransferReader {
 public:
  // `have`, if not null, is the zone whose serial an IXFR query named; null for an AXFR query. `id`
  // is the query's. At most `max_octets` are taken.
  TransferReader(dns::NameView apex, std::shared_ptr<const LocalZone> have, std::uint16_t id,
                 std::uint64_t max_octets);

  enum class Step : std::uint8_t {
    kMore,       // the transfer goes on with the next message
    kDone,       // it is whole: Finish() gives the zone
    kUnchanged,  // the primary has nothing newer
    kRefused,    // the primary said so, with the RCODE in problem()
    kFailed,
  };
  // One message, without TSIG.
  Step Take(dns::Bytes message);

  // After kDone.
  Result<std::shared_ptr<const LocalZone>> Finish();

  const std::string& problem() const noexcept { return problem_; }
  bool incremental() const noexcept { return incremental_; }

 private:
  enum class State : std::uint8_t { kFirst, kSecond, kWhole, kRemoving, kPutting, kEnd };

  Step Fail(std::string problem);
  bool Record(const dns::MessageView& view, const dns::RecordView& record);
  bool TakeSoa(const dns::RecordView& record, dns::Bytes rdata, std::uint32_t serial);
  bool TakeData(const dns::RecordView& record, dns::Bytes rdata);
  bool Is(const Status& status);

  dns::Name apex_;
  std::shared_ptr<const LocalZone> have_;
  std::uint16_t id_;
  std::uint64_t octets_left_;
  State state_ = State::kFirst;
  bool incremental_ = false;
  std::uint32_t last_serial_ = 0;     // of the SOA that began and ends it
  std::uint32_t version_serial_ = 0;  // of the version an increment leads to
  std::uint32_t soa_ttl_ = 0;
  std::vector<std::uint8_t> soa_;
  std::vector<std::uint8_t> rdata_;
  LocalZoneBuilder builder_;
  ZoneDelta delta_;
  std::string problem_;
};

}  // namespace sealwire::proxy
