#include "proxy/backend_reply.h"

#include <algorithm>

#include "dns/message_view.h"
#include "proxy/resolution.h"

namespace sealwire::proxy {
namespace {

using dns::Bytes;
using dns::MessageView;
using dns::NameView;
using dns::RecordView;
using dns::RRsetView;
using dns::RRType;
using dns::Section;
using Kind = BackendReply::Kind;

// Bounds the search for duplicates; no honest RRset is as large.
constexpr int kMaxRecordsPerSet = 512;

constexpr int kMaxServersWithGlue = 16;

// What a backend may not say of a signed zone. CDS and CDNSKEY below the apex are data like others:
// signals for a child's bootstrap (RFC 9615 section 4).
bool IsOfDnssec(RRType type, bool at_apex) noexcept {
  switch (type) {
    case RRType::kRRSIG:
    case RRType::kNSEC:
    case RRType::kDNSKEY:
    case RRType::kNSEC3:
    case RRType::kNSEC3PARAM:
      return true;
    case RRType::kCDS:
    case RRType::kCDNSKEY:
      return at_apex;
    default:
      return dns::IsMetaType(type);
  }
}

bool IsSingleton(RRType type) noexcept {
  return type == RRType::kCNAME || type == RRType::kDNAME || type == RRType::kSOA;
}

// RFC 2181 section 8: a TTL with the highest bit set is zero.
std::uint32_t SaneTtl(std::uint32_t ttl) noexcept {
  return ttl > 0x7fffffff ? 0 : std::min(ttl, kMaxBackendTtl);
}

class ReplyReader {
 public:
  ReplyReader(const MessageView& message, const AskedOfBackend& asked, Answer& answer,
              Arena& arena) noexcept
      : message_(message), asked_(asked), answer_(answer), arena_(arena) {}

  BackendReply Read() noexcept {
    BackendReply reply;
    reply.name = asked_.name;
    reply.kind = FollowAliases(reply);
    if (reply.kind == Kind::kNoSuchName || reply.kind == Kind::kNoSuchType) {
      reply.soa = CollectFrom(Section::kAuthority, asked_.zone.apex, RRType::kSOA);
    }
    return failed_ ? BackendReply{} : reply;
  }

 private:
  Kind FollowAliases(BackendReply& reply) noexcept {
    for (int hops = 0; hops <= Resolution::kMaxHops; ++hops) {
      if (const auto found = Collect(reply.name, asked_.type)) {
        reply.rrset = *found;
        if (asked_.type == RRType::kCNAME) reply.synthesized = AddDnameOf(*found);
        const bool at_cut = asked_.type == RRType::kNS && reply.name.IsBelow(asked_.zone.apex);
        return at_cut ? TakeCut(reply) : Kind::kAnswer;
      }
      const auto alias = Collect(reply.name, RRType::kCNAME);
      if (!alias) return NothingThere(reply, hops > 0);
      const auto target = NameView::Parse(alias->First());
      if (!target) return Kind::kUnusable;
      // Round in a circle: the resolution sees where it leads back to, and ends.
      if (answer_.Has(RRType::kCNAME, reply.name)) return Kind::kAlias;
      AddAlias(*alias);
      reply.name = *target;
      if (asked_.zones.Find(*target, asked_.type == RRType::kDS) != &asked_.zone) {
        return Kind::kAlias;
      }
    }
    return Kind::kAlias;
  }

  // Neither data nor an alias at the end of the chain.
  Kind NothingThere(BackendReply& reply, bool after_alias) noexcept {
    // Whatever the RCODE: not every server knows YXDOMAIN.
    if (AddOverlongDname(reply.name)) return Kind::kNameTooLong;
    if (IsRedirected(reply.name) || message_.rcode() == kYXDomain) return Kind::kUnusable;
    const bool has_soa = Has(Section::kAuthority, asked_.zone.apex, RRType::kSOA);
    const bool no_error = message_.rcode() == dns::Rcode::kNoError;
    if (!has_soa && no_error && FindCut(reply)) return TakeCut(reply);
    if (IsOfZoneAbove()) return Kind::kUnusable;
    // A denial is believed from a server that says it has the zone, by AA or by the zone's SOA; one
    // that has not refers elsewhere or says nothing (RFC 2308 section 2.2).
    if (!has_soa && !message_.header().aa) return after_alias ? Kind::kAlias : Kind::kUnusable;
    // RFC 6604 section 3: the RCODE speaks of the last name. The apex always exists.
    if (!no_error && !(asked_.zone.apex == reply.name)) return Kind::kNoSuchName;
    if (after_alias && !has_soa) return Kind::kAlias;
    reply.is_child_apex =
        reply.name.IsBelow(asked_.zone.apex) && Has(Section::kAuthority, reply.name, RRType::kSOA);
    return Kind::kNoSuchType;
  }

  // The server has a zone around ours, but not ours: what it denies is ours to know.
  bool IsOfZoneAbove() const noexcept {
    return HasWhere(Section::kAuthority, RRType::kSOA,
                    [&](NameView owner) { return !owner.IsSubdomainOf(asked_.zone.apex); });
  }

  // A DNAME that leads away from the name, without the CNAME that should stand beside it (RFC 6672
  // section 3.1).
  bool IsRedirected(NameView name) const noexcept {
    return HasWhere(Section::kAnswer, RRType::kDNAME, [&](NameView owner) {
      return name.IsBelow(owner) && owner.IsSubdomainOf(asked_.zone.apex);
    });
  }

  // An NS RRset in the authority section, below the apex and at or above the name.
  bool FindCut(BackendReply& reply) noexcept {
    const auto cut = FindOwner(Section::kAuthority, RRType::kNS, [&](NameView owner) {
      return owner.IsBelow(asked_.zone.apex) && reply.name.IsSubdomainOf(owner);
    });
    const auto ns = cut ? CollectFrom(Section::kAuthority, *cut, RRType::kNS) : std::nullopt;
    if (ns) reply.rrset = *ns;
    return ns.has_value();
  }

  Kind TakeCut(BackendReply& reply) noexcept {
    reply.name = reply.rrset.owner;
    int servers = 0;
    reply.rrset.ForEach([&](Bytes rdata) {
      const auto server = NameView::Parse(rdata);
      if (!server || !server->IsSubdomainOf(asked_.zone.apex)) return;
      if (++servers > kMaxServersWithGlue) return;
      AddGlue(reply.name, *server, RRType::kA);
      AddGlue(reply.name, *server, RRType::kAAAA);
    });
    return Kind::kReferral;
  }

  void AddGlue(NameView cut, NameView server, RRType type) noexcept {
    const auto glue = CollectFrom(Section::kAdditional, server, type);
    if (!glue) return;
    AnswerItem* item = answer_.Add(Section::kAdditional, *glue, nullptr);
    // RFC 9471 section 3: without the addresses of in-domain servers a referral leads nowhere.
    if (item != nullptr) item->required = server.IsSubdomainOf(cut);
  }

  void AddAlias(const RRsetView& alias) noexcept {
    // A CNAME made from a DNAME is not signed (RFC 6672 section 5.3.1).
    const bool synthesized = AddDnameOf(alias);
    answer_.Add(Section::kAnswer, alias, synthesized ? nullptr : &asked_.zone);
  }

  // Adds the DNAME of which the alias was made (RFC 6672 section 3.1); false when there is none.
  bool AddDnameOf(const RRsetView& alias) noexcept {
    const auto dname = DnameAbove(alias.owner);
    const auto to = dname ? NameView::Parse(dname->First()) : std::nullopt;
    const auto target = NameView::Parse(alias.First());
    const auto made = to ? dns::Name::Substitute(alias.owner, dname->owner, *to) : std::nullopt;
    if (!made || !target || !(*made == *target)) return false;
    AddDname(*dname);
    return true;
  }

  // Adds the DNAME that makes a name too long of `name` (RFC 6672 section 2.2); false when none
  // does.
  bool AddOverlongDname(NameView name) noexcept {
    const auto dname = DnameAbove(name);
    const auto to = dname ? NameView::Parse(dname->First()) : std::nullopt;
    if (!to || dns::Name::Substitute(name, dname->owner, *to)) return false;
    AddDname(*dname);
    return true;
  }

  void AddDname(const RRsetView& dname) noexcept {
    if (!answer_.Has(RRType::kDNAME, dname.owner)) {
      answer_.Add(Section::kAnswer, dname, &asked_.zone);
    }
  }

  std::optional<RRsetView> DnameAbove(NameView owner) noexcept {
    const auto above = FindOwner(Section::kAnswer, RRType::kDNAME, [&](NameView dname) {
      return dname.IsSubdomainOf(asked_.zone.apex) && owner.IsBelow(dname);
    });
    return above ? Collect(*above, RRType::kDNAME) : std::nullopt;
  }

  // The first owner of a record of `type` that `accept` takes, kept in the arena.
  template <class Accept>
  std::optional<NameView> FindOwner(Section section, RRType type, Accept&& accept) noexcept {
    std::optional<NameView> found;
    message_.ForEachRecord([&](const RecordView& record) {
      if (!Belongs(record, section, record.owner, type) || !accept(record.owner)) return true;
      found = arena_.Keep(record.owner);
      return false;
    });
    return found;
  }

  template <class Accept>
  bool HasWhere(Section section, RRType type, Accept&& accept) const noexcept {
    bool found = false;
    message_.ForEachRecord([&](const RecordView& record) {
      found = Belongs(record, section, record.owner, type) && accept(record.owner);
      return !found;
    });
    return found;
  }

  bool Has(Section section, NameView owner, RRType type) const noexcept {
    bool found = false;
    message_.ForEachRecord([&](const RecordView& record) {
      found = Belongs(record, section, owner, type);
      return !found;
    });
    return found;
  }

  static bool Belongs(const RecordView& record, Section section, NameView owner,
                      RRType type) noexcept {
    return record.section == section && record.type == type &&
           record.rr_class == dns::RRClass::kIN && record.owner == owner;
  }

  std::optional<RRsetView> Collect(NameView owner, RRType type) noexcept {
    return CollectFrom(Section::kAnswer, owner, type);
  }

  // The RRset as one run in the arena; its owner is `owner`.
  std::optional<RRsetView> CollectFrom(Section section, NameView owner, RRType type) noexcept {
    if (IsOfDnssec(type, asked_.zone.apex == owner)) return std::nullopt;
    dns::Writer& writer = arena_.writer();
    const std::size_t from = writer.size();
    RRsetView set{owner, type, dns::RRClass::kIN, UINT32_MAX, 0, {}};
    message_.ForEachRecord([&](const RecordView& record) {
      if (!Belongs(record, section, owner, type)) return true;
      const std::size_t start = writer.size();
      writer.U16(0);
      if (!message_.CopyRdata(record, writer) || set.count == kMaxRecordsPerSet) {
        failed_ = true;
        return false;
      }
      writer.PatchU16(start, static_cast<std::uint16_t>(writer.size() - start - 2));
      set.ttl = std::min(set.ttl, SaneTtl(record.ttl));
      set.rdata = arena_.Since(from).first(start - from);
      if (Repeats(set, arena_.Since(start + 2))) {
        writer.Rewind(start);
      } else {
        ++set.count;
      }
      return true;
    });
    set.rdata = arena_.Since(from);
    if (set.count > 1 && IsSingleton(type)) failed_ = true;
    if (!writer.ok()) failed_ = true;
    if (set.count == 0 || failed_) return std::nullopt;
    return set;
  }

  // RFC 2181 section 5: an RRset has no two equal records.
  static bool Repeats(const RRsetView& set, Bytes rdata) noexcept {
    bool found = false;
    set.ForEach([&](Bytes held) { found |= dns::Equal(held, rdata); });
    return found;
  }

  const MessageView& message_;
  const AskedOfBackend& asked_;
  Answer& answer_;
  Arena& arena_;
  bool failed_ = false;
};

bool IsReplyTo(const MessageView& message, const AskedOfBackend& asked) noexcept {
  const dns::Header& header = message.header();
  const dns::Question& question = message.question();
  const dns::Rcode rcode = message.rcode();
  return header.qr && !header.tc && header.opcode == dns::Opcode::kQuery &&
         (rcode == dns::Rcode::kNoError || rcode == dns::Rcode::kNXDomain || rcode == kYXDomain) &&
         question.rr_class == dns::RRClass::kIN && question.type == asked.type &&
         question.name == asked.name;
}

}  // namespace

BackendReply ReadBackendReply(Bytes reply, const AskedOfBackend& asked, Answer& answer,
                              Arena& arena) noexcept {
  MessageView message;
  if (message.Parse(reply) != dns::ParseError::kNone || !IsReplyTo(message, asked)) return {};
  return ReplyReader(message, asked, answer, arena).Read();
}

}  // namespace sealwire::proxy
