#include "dns/message_writer.h"

#include <algorithm>

#include "dns/rdata.h"

namespace sealwire::dns {
namespace {

constexpr std::size_t kOptSize = 11;  // root owner, fixed part, no options
constexpr std::size_t kMaxMessage = 65535;
constexpr std::size_t kMaxTargetOffset = 0x3fff;  // 14 bits: RFC 1035 section 4.1.4

constexpr std::uint16_t kQr = 0x8000;
constexpr std::uint16_t kAa = 0x0400;
constexpr std::uint16_t kTc = 0x0200;
constexpr std::uint16_t kRd = 0x0100;
constexpr std::uint16_t kCd = 0x0010;

std::size_t OptSize(const EdnsReply* edns) noexcept {
  return edns == nullptr ? 0 : kOptSize + edns->options.size();
}

// The part of `out` that leaves room for the OPT record; none when that alone does not fit.
MutableBytes BeforeOpt(MutableBytes out, const EdnsReply* edns) noexcept {
  const std::size_t limit = std::min(out.size(), kMaxMessage);
  const std::size_t kept = OptSize(edns);
  return out.first(limit < kept ? 0 : limit - kept);
}

}  // namespace

// NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init): targets_ on purpose
MessageWriter::MessageWriter(MutableBytes out, const EdnsReply* edns) noexcept
    : out_(out.first(std::min(out.size(), kMaxMessage))),
      edns_(edns),
      writer_(BeforeOpt(out, edns)) {}

void MessageWriter::StartHeader(std::uint16_t id, std::uint16_t flags) noexcept {
  flags_ = flags;
  writer_.U16(id);
  for (int i = 0; i < 5; ++i) writer_.U16(0);  // flags and counts are known at the end
}

void MessageWriter::StartReply(const Header& query, bool aa) noexcept {
  // CD is copied (RFC 4035 section 3.2.2), AD never set: whether data is authentic is for a
  // validator to say (section 3.1.6).
  const unsigned opcode = static_cast<unsigned>(query.opcode) << 11;
  StartHeader(query.id, static_cast<std::uint16_t>(kQr | opcode | (aa ? kAa : 0) |
                                                   (query.rd ? kRd : 0) | (query.cd ? kCd : 0)));
}

void MessageWriter::StartQuery(std::uint16_t id, bool rd) noexcept {
  StartHeader(id, rd ? kRd : 0);
}

void MessageWriter::AddQuestion(NameView name, RRType type, RRClass rr_class) noexcept {
  // Nothing stands before it that it could point to.
  const std::size_t begin = writer_.size();
  writer_.Run(name.wire());
  for (NameView rest = name; writer_.ok() && !rest.IsRoot(); rest = rest.Parent()) {
    if (target_count_ == kMaxTargets) break;
    targets_[target_count_++] = {static_cast<std::uint16_t>(begin + name.size() - rest.size()),
                                 static_cast<std::uint16_t>(rest.size())};
  }
  writer_.U16(static_cast<std::uint16_t>(type));
  writer_.U16(static_cast<std::uint16_t>(rr_class));
  question_size_ = static_cast<std::uint16_t>(name.size());
  ++counts_[0];
}

bool MessageWriter::AddRRset(Section section, const RRsetView& rrset) noexcept {
  return AddRRset(section, rrset, rrset.owner, rrset.ttl);
}

bool MessageWriter::AddRRset(Section section, const RRsetView& rrset, NameView owner,
                             std::uint32_t ttl) noexcept {
  if (!writer_.ok()) return false;  // not even the question fitted
  const std::size_t undo_size = writer_.size();
  const std::size_t undo_targets = target_count_;
  std::uint16_t owner_target = FindTarget(owner);
  rrset.ForEach([&](Bytes rdata) {
    const std::size_t start = writer_.size();
    WriteRecord(owner_target, owner, rrset.type, rrset.rr_class, ttl, rdata);
    if (owner_target == kNoTarget && !owner.IsRoot() && start <= kMaxTargetOffset) {
      owner_target = static_cast<std::uint16_t>(start);
    }
  });
  return Settle(section, undo_size, undo_targets, rrset.count);
}

bool MessageWriter::AddRecord(Section section, NameView owner, RRType type, RRClass rr_class,
                              std::uint32_t ttl, Bytes rdata) noexcept {
  if (!writer_.ok()) return false;  // not even the question fitted
  const std::size_t undo_size = writer_.size();
  const std::size_t undo_targets = target_count_;
  WriteRecord(FindTarget(owner), owner, type, rr_class, ttl, rdata);
  return Settle(section, undo_size, undo_targets, 1);
}

bool MessageWriter::AddPrepared(Section section, const PreparedRecords& prepared,
                                std::size_t name_size) noexcept {
  if (!writer_.ok()) return false;  // not even the question fitted
  const std::size_t undo_size = writer_.size();
  const std::size_t in_question = kHeaderSize + question_size_ - name_size;
  writer_.Run(prepared.octets);
  if (writer_.ok()) {
    for (const PreparedRecords::Pointer& pointer : prepared.pointers) {
      const std::size_t target = (pointer.into_question ? in_question : undo_size) + pointer.target;
      writer_.PatchU16(undo_size + pointer.at, static_cast<std::uint16_t>(0xc000 | target));
    }
  }
  return Settle(section, undo_size, target_count_, prepared.records);
}

// Keeps what was written since `undo_size`, or takes it back when it did not fit.
bool MessageWriter::Settle(Section section, std::size_t undo_size, std::size_t undo_targets,
                           std::uint16_t records) noexcept {
  if (writer_.ok()) {
    std::uint16_t& count = counts_[static_cast<std::size_t>(section) + 1];
    count = static_cast<std::uint16_t>(count + records);
    return true;
  }
  writer_.Rewind(undo_size);
  target_count_ = undo_targets;
  if (section != Section::kAdditional) truncated_ = true;
  return false;
}

void MessageWriter::WriteRecord(std::uint16_t owner_target, NameView owner, RRType type,
                                RRClass rr_class, std::uint32_t ttl, Bytes rdata) noexcept {
  if (owner_target != kNoTarget) {
    writer_.U16(static_cast<std::uint16_t>(0xc000 | owner_target));
  } else {
    WriteName(owner);
  }
  writer_.U16(static_cast<std::uint16_t>(type));
  writer_.U16(static_cast<std::uint16_t>(rr_class));
  writer_.U32(ttl);
  WriteRdata(type, rdata);
}

void MessageWriter::WriteRdata(RRType type, Bytes rdata) noexcept {
  // Only the types of RFC 1035 may be compressed (RFC 3597 section 4); malformed RDATA is sent as
  // it is.
  if (!TraitsOf(type).may_compress || !IsWellFormedRdata(type, rdata)) {
    writer_.U16(static_cast<std::uint16_t>(rdata.size()));
    writer_.Run(rdata);
    return;
  }
  const auto shape = ShapeOf(type, rdata);
  const std::size_t length_at = writer_.size();
  writer_.U16(0);
  writer_.Run(rdata.first(shape->first_name));
  std::size_t at = shape->first_name;
  for (int i = 0; i < shape->names; ++i) {
    const auto name = NameView::Parse(rdata.subspan(at));
    WriteName(*name);
    at += name->size();
  }
  writer_.Run(rdata.subspan(at));
  if (!writer_.ok()) return;
  writer_.PatchU16(length_at, static_cast<std::uint16_t>(writer_.size() - length_at - 2));
}

void MessageWriter::WriteName(NameView name) noexcept {
  while (!name.IsRoot() && writer_.ok()) {
    const std::uint16_t target = FindTarget(name);
    if (target != kNoTarget) {
      writer_.U16(static_cast<std::uint16_t>(0xc000 | target));
      return;
    }
    const std::size_t at = writer_.size();
    writer_.Run(name.wire().first(name.FirstLabel().size() + 1));
    if (writer_.ok() && at <= kMaxTargetOffset && target_count_ < kMaxTargets) {
      targets_[target_count_++] = {static_cast<std::uint16_t>(at),
                                   static_cast<std::uint16_t>(name.size())};
    }
    name = name.Parent();
  }
  writer_.U8(0);
}

std::uint16_t MessageWriter::FindTarget(NameView name) const noexcept {
  if (name.IsRoot()) return kNoTarget;
  // Most names of an answer are the name asked for.
  if (name.size() == question_size_ &&
      Equal(name.wire(), writer_.written().subspan(kHeaderSize, question_size_))) {
    return kHeaderSize;
  }
  for (std::size_t i = 0; i < target_count_; ++i) {
    if (targets_[i].size == name.size() && StandsAt(targets_[i].offset, name)) {
      return targets_[i].offset;
    }
  }
  return kNoTarget;
}

// True when the name written at `offset` has the very octets of `name`. Only what this writer wrote
// is followed, and its pointers lead backwards.
bool MessageWriter::StandsAt(std::size_t offset, NameView name) const noexcept {
  const Bytes written = writer_.written();
  while (true) {
    while (written[offset] >= 0xc0) {
      offset = static_cast<std::size_t>(written[offset] & 0x3f) << 8 | written[offset + 1];
    }
    const std::size_t octets = name.FirstLabel().size() + 1;
    if (!Equal(written.subspan(offset, std::min(octets, written.size() - offset)),
               name.wire().first(octets))) {
      return false;
    }
    if (name.IsRoot()) return true;
    offset += octets;
    name = name.Parent();
  }
}

std::size_t MessageWriter::Finish(Rcode rcode) noexcept {
  if (!writer_.ok() || writer_.size() < kHeaderSize) return 0;
  const auto code = static_cast<std::uint16_t>(rcode);
  Writer opt(out_.subspan(writer_.size()));
  if (edns_ != nullptr) {
    opt.U8(0);
    opt.U16(static_cast<std::uint16_t>(RRType::kOPT));
    opt.U16(edns_->udp_size);
    opt.U8(static_cast<std::uint8_t>(code >> 4));
    opt.U8(0);  // version
    opt.U16(static_cast<std::uint16_t>((edns_->dnssec_ok ? 0x8000 : 0) |
                                       (edns_->compact_ok ? 0x4000 : 0)));
    opt.U16(static_cast<std::uint16_t>(edns_->options.size()));
    opt.Run(edns_->options);
    if (!opt.ok()) return 0;
    ++counts_[3];
  }
  writer_.PatchU16(2, static_cast<std::uint16_t>(flags_ | (truncated_ ? kTc : 0) | (code & 0xf)));
  for (std::size_t i = 0; i < counts_.size(); ++i) writer_.PatchU16(4 + 2 * i, counts_[i]);
  return writer_.size() + opt.size();
}

}  // namespace sealwire::dns
