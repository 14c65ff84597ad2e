#include "proxy/ttl_aging.h"

#include "dns/message_view.h"

namespace sealwire::proxy {
namespace {

// TTL, RDLENGTH: what stands between a record's class and its RDATA.
constexpr std::size_t kTtlBeforeRdata = 6;

}  // namespace

void AgeTtls(dns::MutableBytes message, std::uint32_t seconds) noexcept {
  dns::MessageView view;
  if (view.Parse(message) != dns::ParseError::kNone) return;
  view.ForEachRecord([&](const dns::RecordView& record) {
    dns::Writer ttl(message.subspan(record.rdata_offset - kTtlBeforeRdata, 4));
    ttl.U32(record.ttl > seconds ? record.ttl - seconds : 0);
    return true;
  });
}

}  // namespace sealwire::proxy
