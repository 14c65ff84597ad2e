#include "proxy/signed_copy.h"

#include <algorithm>

#include "signer/denial_types.h"
#include "signer/rrsig.h"
#include "signer/validity.h"

namespace sealwire::proxy {
namespace {

using dns::RRsetView;
using dns::RRType;
using Node = LocalZone::Node;

class CopyMaker {
 public:
  CopyMaker(const LocalZone& zone, const keycache::ZoneKeys* keys, const ZonePolicy& policy,
            signer::RRsetSigner& signer, std::uint64_t now)
      : zone_(zone),
        keys_(keys),
        validity_{policy.signature_validity, policy.inception_skew},
        signer_(signer),
        now_(now),
        copy_(std::make_shared<SignedCopy>()) {}

  Result<std::shared_ptr<const SignedCopy>> Make() {
    copy_->apex = dns::Name(zone_.apex().owner());
    copy_->serial = zone_.serial();
    copy_->is_signed = keys_ != nullptr;
    copy_->records.reserve(zone_.memory_bytes() * (keys_ != nullptr ? 4 : 1));
    // The SOA goes first (RFC 5936 section 2.2), and its signature behind it.
    AddSet(zone_.soa());
    const Node* before = nullptr;
    bool below_dname = false;
    std::vector<const Node*> glue;  // waits for the NSEC of the cut above it, which comes first
    const auto end_name = [&](dns::NameView next) {
      if (before != nullptr) AddNsec(*before, next);
      for (const Node* node : glue) AddGlue(*node);
      glue.clear();
    };
    zone_.ForEachNode([&](const Node& node) {
      if (node.IsOccluded()) {
        if (!below_dname) glue.push_back(&node);
        return;
      }
      below_dname = node.HasDname();
      if (!HasData(node)) return;
      end_name(node.owner());
      before = &node;
      AddNode(node);
    });
    end_name(zone_.apex().owner());
    if (!problem_.empty()) return Error{problem_};
    copy_->records.shrink_to_fit();
    return std::shared_ptr<const SignedCopy>(copy_);
  }

 private:
  bool IsLeftOut(const Node& node, RRType type) const noexcept {
    if (type == RRType::kALIAS) return true;
    if (keys_ == nullptr || !node.IsApex()) return false;
    return type == RRType::kDNSKEY || type == RRType::kCDS || type == RRType::kCDNSKEY ||
           type == RRType::kZONEMD;
  }

  bool HasData(const Node& node) const noexcept {
    bool has = false;
    node.ForEachRRset([&](const RRsetView& rrset) { has |= !IsLeftOut(node, rrset.type); });
    return has;
  }

  void AddNode(const Node& node) {
    node.ForEachRRset([&](const RRsetView& rrset) {
      if (IsLeftOut(node, rrset.type) || rrset.type == RRType::kSOA) return;
      // RFC 4035 section 2.2: at a cut only DS is ours to sign.
      if (node.IsCut() && rrset.type != RRType::kDS) {
        AddRecords(rrset);
      } else {
        AddSet(rrset);
      }
    });
    if (node.IsApex() && keys_ != nullptr) {
      AddPrepared(keys_->dnskey);
      AddPrepared(keys_->cds);
      AddPrepared(keys_->cdnskey);
    }
  }

  // Addresses at or below a cut, as they are.
  void AddGlue(const Node& node) {
    node.ForEachRRset([&](const RRsetView& rrset) {
      if (rrset.type == RRType::kA || rrset.type == RRType::kAAAA) AddRecords(rrset);
    });
  }

  // RFC 4034 section 4, with the TTL of RFC 9077 section 3.
  void AddNsec(const Node& node, dns::NameView next) {
    if (keys_ == nullptr) return;
    dns::TypeBitmap held = node.types();
    node.ForEachRRset([&](const RRsetView& rrset) {
      if (IsLeftOut(node, rrset.type)) held.Remove(rrset.type);
    });
    const signer::ApexTypes apex{true, !keys_->cds.empty(), !keys_->cdnskey.empty()};
    const dns::TypeBitmap types = signer::HeldTypes(held, node.IsApex() ? &apex : nullptr);
    std::uint8_t rdata[2 + dns::kMaxNameSize + 256 * 34];
    dns::Writer out(rdata);
    out.U16(0);
    out.Run(next.wire());
    types.Write(out);
    if (!out.ok()) return Fail(node.owner(), RRType::kNSEC);
    out.PatchU16(0, static_cast<std::uint16_t>(out.size() - 2));
    const RRsetView soa = zone_.soa();
    const std::uint32_t minimum = dns::Reader(soa.First().last(4)).U32();
    AddSet({node.owner(), RRType::kNSEC, dns::RRClass::kIN, std::min(soa.ttl, minimum), 1,
            out.written()});
  }

  void AddPrepared(const dns::RRset& rrset) {
    if (rrset.empty()) return;
    AddRecords(rrset.view());
    bool is_signed = false;
    for (const keycache::PreparedSignature& made : keys_->prepared) {
      if (!IsToServe(*keys_, made, rrset.type(), static_cast<std::uint32_t>(now_))) continue;
      AddRecord(rrset.owner(), RRType::kRRSIG, rrset.ttl(), made.rdata);
      is_signed = true;
    }
    if (!is_signed) Fail(rrset.owner(), rrset.type());
  }

  void AddSet(const RRsetView& rrset) {
    AddRecords(rrset);
    if (keys_ == nullptr) return;
    AddSignature(rrset, keys_->zsk);
    if (keys_->SignsTwice()) AddSignature(rrset, keys_->other_zsk);
  }

  void AddSignature(const RRsetView& rrset, const signer::SigningKey& key) {
    std::uint8_t rdata[signer::kMaxRrsigSize];
    dns::Writer out(rdata);
    const auto validity =
        signer::ValidityAt(validity_, signer::ValidityHash(rrset.owner, rrset.type), now_);
    if (!signer_.Sign(key, copy_->apex, rrset, validity, out)) {
      return Fail(rrset.owner, rrset.type);
    }
    AddRecord(rrset.owner, RRType::kRRSIG, rrset.ttl, out.written());
  }

  void AddRecords(const RRsetView& rrset) {
    rrset.ForEach([&](dns::Bytes rdata) { AddRecord(rrset.owner, rrset.type, rrset.ttl, rdata); });
  }

  void AddRecord(dns::NameView owner, RRType type, std::uint32_t ttl, dns::Bytes rdata) {
    std::uint8_t fixed[8];
    dns::Writer out(fixed);
    out.U16(static_cast<std::uint16_t>(type));
    out.U32(ttl);
    out.U16(static_cast<std::uint16_t>(rdata.size()));
    std::vector<std::uint8_t>& to = copy_->records;
    to.insert(to.end(), owner.wire().begin(), owner.wire().end());
    to.insert(to.end(), std::begin(fixed), std::end(fixed));
    to.insert(to.end(), rdata.begin(), rdata.end());
    ++copy_->record_count;
  }

  void Fail(dns::NameView owner, RRType type) {
    if (problem_.empty()) problem_ = owner.ToText() + " " + ToText(type) + " cannot be signed now";
  }

  const LocalZone& zone_;
  const keycache::ZoneKeys* keys_;
  signer::ValidityPolicy validity_;
  signer::RRsetSigner& signer_;
  std::uint64_t now_;
  std::shared_ptr<SignedCopy> copy_;
  std::string problem_;
};

}  // namespace

Result<std::shared_ptr<const SignedCopy>> MakeSignedCopy(const LocalZone& zone,
                                                         const keycache::ZoneKeys* keys,
                                                         const ZonePolicy& policy,
                                                         signer::RRsetSigner& signer,
                                                         std::uint64_t unix_seconds) {
  return CopyMaker(zone, keys, policy, signer, unix_seconds).Make();
}

bool NextRecord(dns::Reader& reader, dns::Bytes records, CopiedRecord& out) noexcept {
  if (reader.remaining() == 0) return false;
  const auto owner = dns::NameView::Parse(records.subspan(reader.position()));
  if (!owner) return false;
  reader.Skip(owner->size());
  out.owner = *owner;
  out.type = static_cast<dns::RRType>(reader.U16());
  out.ttl = reader.U32();
  out.rdata = reader.Run(reader.U16());
  return reader.ok();
}

}  // namespace sealwire::proxy
