// Follows a question through our zones until the answer is whole: local data, backends, aliases.
//
// Each zone on the way answers for itself and signs with its own key. An alias that leads into
// another zone of ours is followed there; one that leads elsewhere ends the answer, and so does a
// loop or the kMaxHops-th alias: whoever asked goes on from the last target (RFC 1034 section
// 4.3.2). A zone behind a backend makes the resolution wait: pending() says what to ask, and a new
// resolution goes on with the reply.
// Threading: one worker. Ownership: everything borrowed. Errors: kFailed; no allocation.
#pragma once

#include <cstdint>

#include "dns/bytes.h"
#include "dns/name.h"
#include "proxy/answer.h"
#include "proxy/denial.h"
#include "proxy/local_zone.h"
#include "proxy/name_hash.h"
#include "proxy/query.h"
#include "proxy/zone.h"

namespace sealwire::proxy {

struct BackendReply;

// RFC 6672 section 2.2: the name made by a DNAME is too long.
inline constexpr dns::Rcode kYXDomain{6};

// Why a resolution waits: what a backend is asked for.
enum class Asked : std::uint8_t {
  kKeys,       // no backend is: the zone's keys must be opened first
  kAnswer,     // for the answer itself
  kCutAtName,  // for NS at a name that has no DS, to learn whether it is a zone cut
  kDsOfCut,    // for the DS of a referral that is already in the answer
  kDsOfZone,   // for the DS of a zone of ours below
};

class Resolution {
 public:
  enum class Progress : std::uint8_t { kDone, kWait, kFailed, kNotOurs };

  static constexpr int kMaxHops = 8;

  // What to ask of the backends of `zone`.
  struct Pending {
    const Zone* zone = nullptr;
    dns::NameView name;
    dns::RRType type = dns::RRType::kA;
    Asked asked = Asked::kAnswer;
    int hops = 0;
  };

  Resolution(const ZoneTable& zones, const Query& query, Answer& answer, Arena& arena,
             std::uint64_t now_ms) noexcept
      : zones_(zones),
        query_(query),
        answer_(answer),
        arena_(arena),
        now_ms_(now_ms),
        denial_(query, zones, answer, arena) {}

  // From the query's name, which was hashed with zones.hash_seed().
  Progress Start(const NameHashes& name) noexcept;
  // From a backend's reply to `asked`, of which the zone is found anew.
  Progress Resume(const Pending& asked, dns::Bytes reply) noexcept;

  const Pending& pending() const noexcept { return pending_; }  // after kWait
  // The zone of the query's name; and whether others had a part in the answer.
  const Zone* first_zone() const noexcept { return first_zone_; }
  bool many_zones() const noexcept { return many_zones_; }
  // Whether a backend had a part in it, and for how long it may then be given again.
  bool asked_backend() const noexcept { return asked_backend_; }
  std::uint32_t reuse_seconds() const noexcept { return reuse_seconds_; }
  // Signatures made ahead for the apex that are valid now were asked for, and there are none.
  bool apex_signature_missing() const noexcept { return apex_signature_missing_; }

 private:
  // What one zone had to say.
  struct Step {
    enum class Kind : std::uint8_t { kDone, kAlias, kAsk, kFailed } kind = Kind::kDone;
    dns::NameView target;  // of an alias
  };

  bool ParentSide() const noexcept { return query_.type == dns::RRType::kDS; }
  Progress Follow(const Zone* zone, dns::NameView name) noexcept;
  // The answer needs keys of the zone that are not open.
  bool LacksKeys(const Zone& zone) const noexcept;
  Progress AwaitKeys(const Zone& zone) noexcept;
  // The zone an alias leads to, or null when the answer ends there.
  const Zone* FollowAlias(dns::NameView target) noexcept;
  Progress Settle(const Zone& zone, Step step) noexcept;
  Step Ask(const Zone& zone, dns::NameView name, dns::RRType type, Asked asked) noexcept;

  // proxy/apex_keys.cc: DNSKEY, CDS, CDNSKEY and NSEC3PARAM at the apex of a signed zone. False:
  // not concerned.
  bool AnswerApexKeys(const Zone& zone, dns::NameView name) noexcept;

  // proxy/local_answer.cc
  Step AnswerLocally(const Zone& zone, dns::NameView name) noexcept;
  Step AnswerAtApexBelow(const Zone& zone, dns::NameView name) noexcept;
  Step AnswerAtNode(const Zone& zone, const LocalZone::Node& node, dns::NameView name) noexcept;
  Step AnswerAtCut(const Zone& zone, const LocalZone::Node& cut, dns::NameView name) noexcept;
  Step AnswerBelowDname(const Zone& zone, const LocalZone::Node& node, dns::NameView name) noexcept;
  Step AnswerAny(const Zone& zone, const LocalZone::Node& node, dns::NameView name) noexcept;
  bool AnswerRrsig(const Zone& zone, const LocalZone::Node& node, dns::NameView name) noexcept;
  // Of a name that neither stands in the zone nor comes of a wildcard or DNAME.
  MissingName Missing(const Zone& zone, dns::NameView name,
                      const LocalZone::Node& encloser) const noexcept;
  // Bitmap and denial of what `node`, asked for as `name`, does not have.
  dns::TypeBitmap TypesAt(const Zone& zone, const LocalZone::Node& node) const noexcept;
  void DenyTypeAtNode(const Zone& zone, const LocalZone::Node& node, dns::NameView name) noexcept;
  Step AddLocalAlias(const Zone& zone, const dns::RRsetView& cname, dns::NameView name) noexcept;
  void AddLocalGlue(const LocalZone& zone, const dns::RRsetView& ns, dns::NameView cut) noexcept;
  DenyingZone Denying(const Zone& zone, dns::NameView name) const noexcept;

  // proxy/flattened_alias.cc: ends a resolution, after which no ALIAS stands in the answer.
  bool AsksForAddress() const noexcept;
  Progress Flatten() noexcept;

  // proxy/forward_answer.cc
  dns::TypeBitmap AskedTypesAt(const Zone& zone, const BackendReply& reply) noexcept;
  MissingName Missing(const Zone& zone, dns::NameView name) const noexcept;
  Step AskAnswer(const Zone& zone, dns::NameView name) noexcept;
  Step TakeAnswer(const Zone& zone, const Pending& asked, const BackendReply& reply) noexcept;
  Step TakeNoSuchType(const Zone& zone, const BackendReply& reply) noexcept;
  Step TakeReferral(const Zone& zone, const Pending& asked, const BackendReply& reply) noexcept;
  Step TakeCutAtName(const Zone& zone, const Pending& asked, const BackendReply& reply) noexcept;
  Step TakeAliasAtName(std::size_t first_item) noexcept;
  Step TakeDsOfCut(const Zone& zone, const Pending& asked, const BackendReply& reply) noexcept;
  Step TakeDsOfZone(const Zone& zone, const Pending& asked, const BackendReply& reply) noexcept;
  DenyingZone Denying(const Zone& zone, const BackendReply& reply) noexcept;

  // proxy/special_types.cc
  bool AsksForNsec(const Zone& zone) const noexcept;
  bool AsksForRrsig(const Zone& zone) const noexcept;
  void AnswerNsec(const DenyingZone& by, dns::NameView name, const dns::TypeBitmap& types) noexcept;
  void AnswerHinfo(const Zone& zone, dns::NameView name) noexcept;
  // Denials, unless NSEC or RRSIG is asked for, which every name of a signed zone has.
  bool HasWildcardOfZoneBelow(const Zone& zone, const MissingName& missing) const noexcept;
  void DenyName(const DenyingZone& by, const MissingName& missing) noexcept;
  void DenyType(const DenyingZone& by, dns::NameView name, const dns::TypeBitmap& types) noexcept;

  const ZoneTable& zones_;
  const Query& query_;
  Answer& answer_;
  Arena& arena_;
  std::uint64_t now_ms_;
  Denial denial_;
  const Zone* first_zone_ = nullptr;
  Pending pending_;
  int hops_ = 0;
  bool many_zones_ = false;
  bool apex_signature_missing_ = false;
  bool asked_backend_ = false;
  std::uint32_t reuse_seconds_ = UINT32_MAX;
};

}  // namespace sealwire::proxy
