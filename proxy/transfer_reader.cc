#include "proxy/transfer_reader.h"

#include "dns/serial.h"

namespace sealwire::proxy {
namespace {

using dns::RRType;

// RFC 1035 section 3.3.13: five numbers stand last.
std::uint32_t SerialOf(dns::Bytes soa) noexcept {
  return soa.size() < 22 ? 0 : dns::Reader(soa.last(20)).U32();
}

}  // namespace

TransferReader::TransferReader(dns::NameView apex, std::shared_ptr<const LocalZone> have,
                               std::uint16_t id, std::uint64_t max_octets)
    : apex_(apex),
      have_(std::move(have)),
      id_(id),
      octets_left_(max_octets),
      rdata_(65536),
      builder_(apex) {}

TransferReader::Step TransferReader::Fail(std::string problem) {
  problem_ = std::move(problem);
  state_ = State::kFirst;  // nothing of it becomes a zone
  return Step::kFailed;
}

bool TransferReader::Is(const Status& status) {
  if (!status.ok()) problem_ = status.error();
  return status.ok();
}

TransferReader::Step TransferReader::Take(dns::Bytes message) {
  if (message.size() > octets_left_) return Fail("the transfer is larger than what is allowed");
  octets_left_ -= message.size();
  dns::MessageView view;
  if (view.Parse(message, dns::QuestionRule::kOneOrNone) != dns::ParseError::kNone) {
    return Fail("a message of the transfer is malformed");
  }
  const dns::Header& header = view.header();
  if (header.id != id_ || !header.qr || header.opcode != dns::Opcode::kQuery || header.tc) {
    return Fail("a message does not belong to the transfer");
  }
  if (view.rcode() != dns::Rcode::kNoError) {
    problem_ = "the primary answered " + dns::ToText(view.rcode());
    return state_ == State::kFirst ? Step::kRefused : Step::kFailed;
  }
  if (header.qdcount == 1 && !(view.question().name == apex_)) {
    return Fail("the primary answered another question");
  }
  if (header.ancount == 0) return Fail("a message of the transfer has no records");
  bool ok = true;
  view.ForEachRecord([&](const dns::RecordView& record) {
    if (record.section == dns::Section::kAnswer) ok = Record(view, record);
    return ok;
  });
  if (!ok) return Fail(problem_);
  // RFC 1995 section 4: one SOA that is not newer than ours.
  if (state_ == State::kSecond && have_ && !dns::SerialIsAfter(last_serial_, have_->serial())) {
    return Step::kUnchanged;
  }
  return state_ == State::kEnd ? Step::kDone : Step::kMore;
}

bool TransferReader::Record(const dns::MessageView& view, const dns::RecordView& record) {
  if (state_ == State::kEnd) {
    problem_ = "records follow the end of the transfer";
    return false;
  }
  if (record.rr_class != dns::RRClass::kIN || !record.owner.view().IsSubdomainOf(apex_)) {
    problem_ = record.owner.ToText() + " is not in the zone";
    return false;
  }
  dns::Writer out(rdata_);
  if (!view.CopyRdata(record, out)) {
    problem_ =
        "the " + dns::ToText(record.type) + " record of " + record.owner.ToText() + " is malformed";
    return false;
  }
  const bool soa = record.type == RRType::kSOA && record.owner == apex_;
  if (soa && SerialOf(out.written()) == 0 && out.size() < 22) {
    problem_ = "the SOA record is malformed";
    return false;
  }
  return soa ? TakeSoa(record, out.written(), SerialOf(out.written()))
             : TakeData(record, out.written());
}

bool TransferReader::TakeSoa(const dns::RecordView& record, dns::Bytes rdata,
                             std::uint32_t serial) {
  switch (state_) {
    case State::kFirst:
      soa_.assign(rdata.begin(), rdata.end());
      soa_ttl_ = record.ttl;
      last_serial_ = serial;
      state_ = State::kSecond;
      return true;
    case State::kSecond:
      // RFC 1995 section 4: the second SOA is that of our version; RFC 5936 section 2.2 has none.
      if (have_ && serial == have_->serial()) {
        incremental_ = true;
        state_ = State::kRemoving;
        return true;
      }
      [[fallthrough]];
    case State::kWhole:
      if (serial != last_serial_) {
        problem_ = "the zone changed during the transfer";
        return false;
      }
      state_ = State::kEnd;
      return true;
    case State::kRemoving:
      version_serial_ = serial;
      state_ = State::kPutting;
      return true;
    case State::kPutting:
      if (serial != version_serial_) {
        problem_ = "the versions of the transfer do not follow one another";
        return false;
      }
      state_ = serial == last_serial_ ? State::kEnd : State::kRemoving;
      return true;
    case State::kEnd:
      break;
  }
  return false;
}

bool TransferReader::TakeData(const dns::RecordView& record, dns::Bytes rdata) {
  switch (state_) {
    case State::kFirst:
      problem_ = "the transfer does not begin with the SOA record";
      return false;
    case State::kSecond:
      state_ = State::kWhole;
      [[fallthrough]];
    case State::kWhole:
      return Is(builder_.Add(record.owner, record.type, record.ttl, rdata));
    case State::kRemoving:
      return Is(delta_.Remove(record.owner, record.type, rdata));
    case State::kPutting:
      delta_.Put(record.owner, record.type, record.ttl, rdata);
      return true;
    case State::kEnd:
      break;
  }
  return false;
}

Result<std::shared_ptr<const LocalZone>> TransferReader::Finish() {
  if (state_ != State::kEnd) return Error{"the transfer is not whole"};
  if (Status soa = builder_.Add(apex_, RRType::kSOA, soa_ttl_, soa_); !soa.ok()) {
    return Error{soa.error()};
  }
  if (incremental_) {
    if (Status applied = delta_.Apply(*have_, builder_); !applied.ok()) {
      return Error{applied.error()};
    }
  }
  return builder_.Build();
}

}  // namespace sealwire::proxy
