// Writes a DNS message into a span of the caller's, with name compression, EDNS and truncation.
//
// A record that does not fit is not written and marks the message: TC for answer and authority
// (RFC 2181 section 9); room for the OPT record is kept from the start. Compression is
// case-preserving: a name is only compressed against octets that are identical, so that what was
// signed or asked keeps its case. Threading: one owner. No allocation.
#pragma once

#include <array>
#include <cstdint>

#include "dns/bytes.h"
#include "dns/message_view.h"
#include "dns/name.h"
#include "dns/rrset.h"

namespace sealwire::dns {

// What goes into the OPT record of a reply.
struct EdnsReply {
  std::uint16_t udp_size = 1232;
  bool dnssec_ok = false;
  bool compact_ok = false;
  Bytes options;  // ready-made (code, length, data)*
};

// Records as they stand in a message, made once and copied into many that ask for names below one
// name: where they point into the question, they point to that name.
struct PreparedRecords {
  struct Pointer {
    std::uint16_t at;      // in `octets`
    std::uint16_t target;  // octets behind that name's begin, or behind the begin of `octets`
    bool into_question;
  };
  Bytes octets;
  std::span<const Pointer> pointers;
  std::uint16_t records = 0;
};

class MessageWriter {
 public:
  // `out` limits the message (UDP payload size or 65535). A message that has an OPT record keeps
  // room for it and for `edns->options`; what `edns` points to must outlive Finish().
  MessageWriter(MutableBytes out, const EdnsReply* edns) noexcept;

  // Header with counts of zero; Finish() sets the counts, TC and the RCODE.
  void StartReply(const Header& query, bool aa) noexcept;
  void StartQuery(std::uint16_t id, bool rd) noexcept;
  // The question, written as `name` is spelled.
  void AddQuestion(NameView name, RRType type, RRClass rr_class) noexcept;

  // Sections are filled in their order. Adds all records of the set, or none. False: it did not
  // fit; TC is then set, unless the section is kAdditional (glue decides for itself: RFC 9471 has
  // SetTruncated()).
  bool AddRRset(Section section, const RRsetView& rrset) noexcept;
  // The same with another TTL, and under another owner name.
  bool AddRRset(Section section, const RRsetView& rrset, NameView owner,
                std::uint32_t ttl) noexcept;
  bool AddRecord(Section section, NameView owner, RRType type, RRClass rr_class, std::uint32_t ttl,
                 Bytes rdata) noexcept;

  // The same for records made ahead. The question ends with the very octets of the name that they
  // point to, which are `name_size`.
  bool AddPrepared(Section section, const PreparedRecords& prepared,
                   std::size_t name_size) noexcept;

  void SetTruncated() noexcept { truncated_ = true; }
  bool truncated() const noexcept { return truncated_; }

  // Writes the OPT record, counts, flags; returns the size of the message, 0 when not even header
  // and question fit.
  std::size_t Finish(Rcode rcode) noexcept;

 private:
  // A name, or the end of one, that stands in the message and may be pointed to.
  struct Target {
    std::uint16_t offset;
    std::uint16_t size;  // octets of the uncompressed name from there
  };
  static constexpr std::size_t kMaxTargets = 64;
  static constexpr std::uint16_t kNoTarget = 0;  // the header lies there

  void StartHeader(std::uint16_t id, std::uint16_t flags) noexcept;
  void WriteRecord(std::uint16_t owner_target, NameView owner, RRType type, RRClass rr_class,
                   std::uint32_t ttl, Bytes rdata) noexcept;
  void WriteName(NameView name) noexcept;
  void WriteRdata(RRType type, Bytes rdata) noexcept;
  // Where `name` already stands, or kNoTarget.
  std::uint16_t FindTarget(NameView name) const noexcept;
  bool StandsAt(std::size_t offset, NameView name) const noexcept;
  bool Settle(Section section, std::size_t undo_size, std::size_t undo_targets,
              std::uint16_t records) noexcept;

  MutableBytes out_;
  const EdnsReply* edns_;
  Writer writer_;  // all of out_ but the room kept for the OPT record
  // Only the first target_count_ are set: clearing the rest would cost as much as a small answer.
  std::array<Target, kMaxTargets> targets_;
  std::size_t target_count_ = 0;
  std::uint16_t question_size_ = 0;  // octets of the name at kHeaderSize; 0: no question
  std::uint16_t flags_ = 0;
  std::array<std::uint16_t, 4> counts_{};
  bool truncated_ = false;
};

}  // namespace sealwire::dns
