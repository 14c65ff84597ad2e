// Makes a LocalZone of records in any order: from a zone file or a zone transfer.
//
// Mends what the RFCs say how to mend: TTLs that differ within an RRset become the least (RFC 2181
// section 5.2), duplicates are dropped (section 5), RRSIG, NSEC, NSEC3 and NSEC3PARAM of another
// signer are left out, data below a cut or DNAME are kept as occluded. Refuses what has no answer:
// no SOA or several, no NS at the apex, data outside the zone, CNAME beside other data, and so on.
//
// Threading: one owner. Errors: a sentence; error_line() has the line of the record it is about.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "dns/bytes.h"
#include "dns/name.h"
#include "dns/result.h"
#include "dns/rr_type.h"
#include "proxy/local_zone.h"

namespace sealwire::proxy {

struct NodeData;

class LocalZoneBuilder {
 public:
  // The zone's hash is keyed by a random number; a test may give one.
  explicit LocalZoneBuilder(dns::NameView apex);
  LocalZoneBuilder(dns::NameView apex, std::uint64_t hash_seed);

  // Adds a record of class IN; names inside `rdata` uncompressed. `line` is where it was read, 0
  // when it was not read from a file. An error is about this record: it was not added.
  Status Add(dns::NameView owner, dns::RRType type, std::uint32_t ttl, dns::Bytes rdata,
             std::uint32_t line = 0);

  // Checks the zone as a whole and builds it. The builder is empty afterwards.
  Result<std::shared_ptr<const LocalZone>> Build();

  // Line of the record that the last error is about; 0 when there is none.
  std::uint32_t error_line() const noexcept { return error_line_; }
  // RRSIG, NSEC, NSEC3 and NSEC3PARAM: made by another signer, and anew by us.
  static bool LeavesOut(dns::RRType type) noexcept;
  // Records of another signer that were left out.
  std::size_t left_out() const noexcept { return left_out_; }

 private:
  // A record as added: its octets lie in octets_ as order key, owner, RDATA and, when it differs,
  // RDATA in canonical form.
  struct Entry {
    std::uint64_t key_start;  // the first octets of the key: most comparisons end here
    std::uint64_t offset;
    std::uint32_t ttl;
    std::uint32_t line;
    dns::RRType type;
    std::uint16_t key_size;
    std::uint16_t rdata_size;
    std::uint8_t owner_size;
    bool has_canonical;
  };
  dns::Bytes KeyOf(const Entry& entry) const noexcept;
  dns::NameView OwnerOf(const Entry& entry) const noexcept;
  dns::Bytes RdataOf(const Entry& entry) const noexcept;
  dns::Bytes CanonicalRdataOf(const Entry& entry) const noexcept;
  bool Before(const Entry& a, const Entry& b) const noexcept;
  bool SameName(const Entry& a, const Entry& b) const noexcept;
  bool SameRecord(const Entry& a, const Entry& b) const noexcept;
  void Collect(std::span<const Entry> name, NodeData& data) const;

  // The rules: proxy/local_zone_rules.cc.
  Status CheckApex(std::span<const Entry> all);
  Status CheckName(std::span<const Entry> name, const NodeData& data);
  Status CheckSize(std::span<const Entry> name, const NodeData& data);
  Error Refuse(const Entry& entry, std::string message);

  dns::Name apex_;
  std::uint64_t hash_seed_;
  std::vector<std::uint8_t> octets_;
  std::vector<Entry> entries_;
  std::uint32_t error_line_ = 0;
  std::size_t left_out_ = 0;
};

}  // namespace sealwire::proxy
