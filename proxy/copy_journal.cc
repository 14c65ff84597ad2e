#include "proxy/copy_journal.h"

#include <algorithm>

namespace sealwire::proxy {
namespace {

// Walks a copy name by name.
class Names {
 public:
  explicit Names(dns::Bytes records) : records_(records), reader_(records) {
    more_ = NextRecord(reader_, records_, next_);
    // The SOA is not among what is compared: it opens either list.
    soa_ = records_.first(reader_.position());
    begin_ = reader_.position();
    more_ = more_ && NextRecord(reader_, records_, next_);
    Advance();
  }

  dns::Bytes soa() const noexcept { return soa_; }
  bool at_end() const noexcept { return held_.empty(); }
  dns::NameView owner() const noexcept { return owner_; }
  // All records of the name, each as it lies in the copy, sorted by their octets.
  const std::vector<dns::Bytes>& held() const noexcept { return held_; }

  void Advance() {
    held_.clear();
    if (!more_) return;
    owner_ = next_.owner;
    while (more_ && next_.owner == owner_) {
      held_.push_back(records_.subspan(begin_, reader_.position() - begin_));
      begin_ = reader_.position();
      more_ = NextRecord(reader_, records_, next_);
    }
    std::sort(held_.begin(), held_.end(), Before);
  }

  static bool Before(dns::Bytes a, dns::Bytes b) noexcept {
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end());
  }

 private:
  dns::Bytes records_;
  dns::Reader reader_;
  dns::Bytes soa_;
  std::size_t begin_ = 0;
  CopiedRecord next_;
  bool more_ = false;
  dns::NameView owner_;
  std::vector<dns::Bytes> held_;
};

void Append(std::vector<std::uint8_t>& to, dns::Bytes record) {
  to.insert(to.end(), record.begin(), record.end());
}

// Those of `from` that `without` lacks; both sorted.
void AppendMissing(std::vector<std::uint8_t>& to, const std::vector<dns::Bytes>& from,
                   const std::vector<dns::Bytes>& without) {
  for (const dns::Bytes record : from) {
    if (!std::binary_search(without.begin(), without.end(), record, Names::Before)) {
      Append(to, record);
    }
  }
}

}  // namespace

CopyDifference DifferenceOf(const SignedCopy& before, const SignedCopy& after) {
  CopyDifference difference{before.serial, after.serial, {}, {}};
  Names old_names(before.records), new_names(after.records);
  Append(difference.removed, old_names.soa());
  Append(difference.added, new_names.soa());
  static const std::vector<dns::Bytes> kNothing;
  while (!old_names.at_end() || !new_names.at_end()) {
    const auto order = old_names.at_end() ? std::weak_ordering::greater
                       : new_names.at_end()
                           ? std::weak_ordering::less
                           : CanonicalCompare(old_names.owner(), new_names.owner());
    const auto& gone = order <= 0 ? old_names.held() : kNothing;
    const auto& come = order >= 0 ? new_names.held() : kNothing;
    AppendMissing(difference.removed, gone, come);
    AppendMissing(difference.added, come, gone);
    if (order <= 0) old_names.Advance();
    if (order >= 0) new_names.Advance();
  }
  return difference;
}

std::shared_ptr<const CopyJournal> CopyJournal::Extend(const CopyJournal* journal,
                                                       const SignedCopy& before,
                                                       const SignedCopy& after) {
  auto longer = std::make_shared<CopyJournal>(journal != nullptr ? *journal : CopyJournal());
  auto last = std::make_shared<const CopyDifference>(DifferenceOf(before, after));
  longer->octets_ += last->octets();
  longer->differences_.push_back(std::move(last));
  while (!longer->differences_.empty() &&
         (longer->octets_ > after.records.size() || longer->differences_.size() > kMostVersions)) {
    longer->octets_ -= longer->differences_.front()->octets();
    longer->differences_.pop_front();
  }
  return longer;
}

std::vector<std::shared_ptr<const CopyDifference>> CopyJournal::Since(std::uint32_t serial) const {
  const auto first = std::find_if(differences_.begin(), differences_.end(),
                                  [serial](const auto& each) { return each->from == serial; });
  return {first, differences_.end()};
}

}  // namespace sealwire::proxy
