// A zone as the control plane keeps it: what was asked for, what was observed, and when.
//
// `dnssec` is the wish, `status` the observation. Sealed keys are stored beside the record and read
// when needed (StateStore::ReadKeys): a million records stay in memory, their keys need not.
// Threading: value; a record that is shared is const.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dns/name.h"
#include "dns/result.h"
#include "net/address.h"
#include "proxy/zone.h"

namespace sealwire::control {

enum class BackendKind : std::uint8_t { kForward, kFile, kTransfer };

// Who gets a copy of the zone, signed if the zone is, and NOTIFY when there is a new one.
struct Secondary {
  net::Endpoint address;
  std::string tsig;  // name of the key; empty: known by the address alone
  bool operator==(const Secondary&) const = default;
};

// What becomes of the members of a catalog zone (RFC 9432).
struct MemberSpec {
  std::string policy = "default";
  bool dnssec = false;
  bool operator==(const MemberSpec&) const = default;
};

// "ecs", "proxy" or "none".
std::string_view ToText(proxy::ClientAddress how) noexcept;
std::optional<proxy::ClientAddress> ParseClientAddress(std::string_view text) noexcept;

// Where the unsigned data of a zone comes from, and where its copies go.
struct BackendSpec {
  BackendKind kind = BackendKind::kForward;
  std::vector<net::Endpoint> servers =
      {};                 // kForward, kTransfer: the primaries, in order of preference
  std::string path = {};  // kFile
  std::string tsig = {};  // kForward, kTransfer: name of the key; empty: unsigned
  std::vector<Secondary> secondaries = {};  // kFile, kTransfer
  std::optional<MemberSpec> members = {};   // kTransfer: the zone is a catalog, and answers nobody
  std::string catalog = {};  // kTransfer: the catalog that added the zone; empty: none
  proxy::ClientAddress client_address = proxy::ClientAddress::kSubnet;  // kForward
  bool operator==(const BackendSpec&) const = default;
};

enum class ZoneStatus : std::uint8_t {
  kDisabled,         // not signed
  kDeploying,        // keys are being made and brought to every worker
  kPending,          // signed; the parent does not show our DS everywhere yet
  kActive,           // every server of the parent shows a DS of ours
  kPendingDisabled,  // off was asked for; signed until no resolver can have the DS any more
  kError,            // `problem` says why; tried again by itself
};
std::string_view ToText(ZoneStatus status) noexcept;
std::optional<ZoneStatus> ParseZoneStatus(std::string_view text) noexcept;

// What the parent's servers show.
enum class ParentState : std::uint8_t {
  kUnknown,      // not asked yet
  kMissing,      // no server has a DS
  kPartial,      // some servers have a DS of ours, some have none of ours
  kPublished,    // every server has a DS of ours
  kMismatch,     // there is a DS, and on no server one of ours
  kUnreachable,  // too few servers could be asked to tell
};
std::string_view ToText(ParentState state) noexcept;
std::optional<ParentState> ParseParentState(std::string_view text) noexcept;

// How many of the parent's servers show a DS of one of our keys.
struct DsSeen {
  std::uint16_t key_tag = 0;
  std::uint32_t servers = 0;
  bool operator==(const DsSeen&) const = default;
};

// One look at the parent.
struct ParentObservation {
  ParentState state = ParentState::kUnknown;
  std::int64_t checked_at = 0;  // seconds since 1970
  std::uint32_t servers = 0;    // that should know
  std::uint32_t answered = 0;   // that answered with authority
  std::uint32_t with_ds = 0;    // of these, with any DS
  std::uint32_t ds_ttl = 0;     // the largest TTL of a DS seen
  // How long a DS may live in caches although this look shows none. 0 when the servers themselves
  // were asked: what matters then is the TTL seen earlier.
  std::uint32_t hold = 0;
  std::string detail;             // a sentence about what is odd; empty: nothing
  std::vector<DsSeen> ours = {};  // of each key that may have one; in the order of the keys
  bool operator==(const ParentObservation&) const = default;
};

struct ZoneRecord {
  std::string name;      // KeyOf(): lower case, no final dot but for the root
  std::uint64_t id = 0;  // never used again for a zone of the same name
  BackendSpec backend;
  std::string policy = "default";
  bool flatten_alias = true;   // ALIAS records of a zone held whole stand for addresses
  std::uint64_t revision = 0;  // of the whole store when this record changed last: the ETag
  std::int64_t created = 0;    // seconds since 1970, as all times here
  std::int64_t changed = 0;

  bool dnssec = false;
  ZoneStatus status = ZoneStatus::kDisabled;
  std::int64_t status_since = 0;
  std::string problem;  // why status is kError

  bool has_keys = false;
  ParentObservation parent;
  std::int64_t ds_last_seen = 0;  // when a server last showed any DS; 0: never since the keys exist
  std::uint32_t ds_ttl_max = 0;   // the largest TTL seen since
  std::int64_t signing_until =
      0;  // kPendingDisabled: not before this may signing stop; 0: not known yet
  bool operator==(const ZoneRecord&) const = default;

  dns::Name apex() const;
};

// The one spelling of a zone's name in the store, the API and the log: lower case, without the
// final dot. An error says what is wrong with `text`.
Result<std::string> NormalizeZoneName(std::string_view text);
std::string KeyOf(dns::NameView apex);

}  // namespace sealwire::control
