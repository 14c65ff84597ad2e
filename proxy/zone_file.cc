#include "proxy/zone_file.h"

#include <ldns/ldns.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <sstream>
#include <vector>

#include "proxy/local_zone_builder.h"
#include "proxy/zone_file_lines.h"

namespace sealwire::proxy {
namespace {

using dns::RRType;

struct RdfFree {
  void operator()(ldns_rdf* rdf) const noexcept { ldns_rdf_deep_free(rdf); }
};
struct RrFree {
  void operator()(ldns_rr* rr) const noexcept { ldns_rr_free(rr); }
};
using Rdf = std::unique_ptr<ldns_rdf, RdfFree>;
using Rr = std::unique_ptr<ldns_rr, RrFree>;

dns::Bytes OctetsOf(const ldns_rdf* rdf) noexcept {
  return {ldns_rdf_data(rdf), ldns_rdf_size(rdf)};
}

// The first words of an entry; what stands before its RDATA is owner, TTL, class and type at most.
std::vector<std::string_view> FirstWords(std::string_view entry, std::size_t most) {
  std::vector<std::string_view> words;
  std::size_t at = 0;
  while (words.size() < most) {
    const std::size_t begin = entry.find_first_not_of(" \t", at);
    if (begin == std::string_view::npos) break;
    at = std::min(entry.find_first_of(" \t", begin), entry.size());
    words.push_back(entry.substr(begin, at - begin));
  }
  return words;
}

bool EqualIgnoringCase(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (dns::ToLower(static_cast<std::uint8_t>(a[i])) !=
        dns::ToLower(static_cast<std::uint8_t>(b[i]))) {
      return false;
    }
  }
  return true;
}

// ldns does not know ALIAS, whose RDATA has the form of CNAME: the entry with CNAME in its place,
// or nothing when its type is not ALIAS.
std::optional<std::string> AliasAsCname(const std::string& entry) {
  const bool owner_stands_first = entry.front() != ' ' && entry.front() != '\t';
  const auto words = FirstWords(entry, 4);
  for (std::size_t i = owner_stands_first ? 1 : 0; i < words.size(); ++i) {
    if (!EqualIgnoringCase(words[i], "ALIAS")) continue;
    std::string changed = entry;
    changed.replace(static_cast<std::size_t>(words[i].data() - entry.data()), words[i].size(),
                    "CNAME");
    return changed;
  }
  return std::nullopt;
}

// ldns takes a name in RDATA that begins with an escaped @ for the origin.
bool LostAnEscapedAt(const ldns_rr& rr, const std::string& entry, const ldns_rdf* origin) {
  const bool owner_stands_first = entry.front() != ' ' && entry.front() != '\t';
  const auto words = FirstWords(entry, 16);
  const bool begins_with_one =
      std::any_of(words.begin() + (owner_stands_first ? 1 : 0), words.end(),
                  [](auto word) { return word.starts_with("\\@") || word.starts_with("\\064"); });
  if (!begins_with_one) return false;
  for (std::size_t i = 0; i < ldns_rr_rd_count(&rr); ++i) {
    const ldns_rdf* rdf = ldns_rr_rdf(&rr, i);
    if (ldns_rdf_get_type(rdf) == LDNS_RDF_TYPE_DNAME && ldns_rdf_compare(rdf, origin) == 0) {
      return true;
    }
  }
  return false;
}

class ZoneFileReader {
 public:
  ZoneFileReader(std::string_view text, dns::NameView apex)
      : lines_(text), builder_(apex), origin_(NewName(apex.ToText())) {}

  Result<std::shared_ptr<const LocalZone>> Read() {
    std::string entry;
    while (true) {
      const Result<bool> more = lines_.Next(entry);
      if (!more) return Fail(lines_.line(), more.error());
      if (!*more) break;
      const Status taken = entry.front() == '$' ? TakeDirective(entry) : TakeRecord(entry);
      if (!taken) return Fail(lines_.line(), taken.error());
    }
    auto zone = builder_.Build();
    if (!zone) return Fail(builder_.error_line(), zone.error());
    return zone;
  }

  std::uint32_t error_line() const noexcept { return error_line_; }

 private:
  // No TTL of a record is that large (RFC 2181 section 8): ldns gives it back for one without.
  static constexpr std::uint32_t kNoTtl = 0xffffffff;

  static Rdf NewName(const std::string& text) { return Rdf(ldns_dname_new_frm_str(text.c_str())); }

  Error Fail(std::uint32_t line, std::string message) {
    error_line_ = line;
    return {std::move(message)};
  }

  Status TakeDirective(const std::string& entry) {
    const auto words = FirstWords(entry, 3);
    if (words.size() == 2 && EqualIgnoringCase(words[0], "$ORIGIN")) return SetOrigin(words[1]);
    if (words.size() == 2 && EqualIgnoringCase(words[0], "$TTL")) return SetTtl(words[1]);
    if (EqualIgnoringCase(words[0], "$INCLUDE")) {
      return Error{"$INCLUDE is not supported: put the records into this file"};
    }
    return Error{"'" + entry + "' is no directive that is supported: use $ORIGIN NAME or $TTL TTL"};
  }

  Status SetOrigin(std::string_view text) {
    const bool absolute = text.back() == '.' && !(text.size() > 1 && text[text.size() - 2] == '\\');
    std::string full(text);
    if (!absolute) {
      const dns::NameView origin = *dns::NameView::Parse(OctetsOf(origin_.get()));
      full += origin.IsRoot() ? "." : "." + origin.ToText();
    }
    const auto name = dns::Name::FromText(full);
    if (!name) return Error{"$ORIGIN: " + name.error()};
    origin_ = NewName(name->ToText());
    if (!origin_) return Error{"$ORIGIN: '" + full + "' is no domain name"};
    return Status::Ok();
  }

  Status SetTtl(std::string_view text) {
    const std::string copy(text);
    const char* end = nullptr;
    default_ttl_ = ldns_str2period(copy.c_str(), &end);
    if (end == nullptr || *end != '\0') {
      return Error{"$TTL: '" + copy + "' is no time: write seconds, or like 1h30m"};
    }
    return Status::Ok();
  }

  Status TakeRecord(const std::string& entry) {
    ldns_status status = LDNS_STATUS_OK;
    Rr rr = Parse(entry, status);
    std::optional<RRType> type;
    if (!rr) {
      if (const auto as_cname = AliasAsCname(entry)) {
        rr = Parse(*as_cname, status);
        type = RRType::kALIAS;
      }
    }
    if (!rr) {
      return Error{"this is no record (" + std::string(ldns_get_errorstr_by_id(status)) +
                   "): write OWNER TTL CLASS TYPE RDATA, an unknown type as in RFC 3597"};
    }
    if (LostAnEscapedAt(*rr, entry, origin_.get())) {
      return Error{
          "a name in RDATA that begins with an escaped @ is not supported: write the RDATA as in "
          "RFC 3597"};
    }
    if (ldns_rr_get_class(rr.get()) != LDNS_RR_CLASS_IN) {
      return Error{"the class is not IN: remove the record"};
    }
    if (!type) type = static_cast<RRType>(ldns_rr_get_type(rr.get()));

    std::uint32_t ttl = ldns_rr_ttl(rr.get());
    if (ttl == kNoTtl) {
      // RFC 2308 section 4, else RFC 1035 section 5.1: the last TTL that was stated.
      if (default_ttl_ == kNoTtl && last_ttl_ == kNoTtl) {
        return Error{"the record has no TTL: put $TTL before it"};
      }
      ttl = default_ttl_ != kNoTtl ? default_ttl_ : last_ttl_;
    } else {
      last_ttl_ = ttl;
    }
    return Add(*rr, *type, ttl);
  }

  Rr Parse(const std::string& entry, ldns_status& status) {
    ldns_rr* rr = nullptr;
    ldns_rdf* previous = previous_.release();
    status = ldns_rr_new_frm_str(&rr, entry.c_str(), kNoTtl, origin_.get(), &previous);
    previous_.reset(previous);
    return status == LDNS_STATUS_OK ? Rr(rr) : nullptr;
  }

  Status Add(const ldns_rr& rr, RRType type, std::uint32_t ttl) {
    const auto owner = dns::NameView::Parse(OctetsOf(ldns_rr_owner(&rr)));
    if (!owner) return Error{"the owner is no domain name: shorten it"};
    rdata_.clear();
    for (std::size_t i = 0; i < ldns_rr_rd_count(&rr); ++i) {
      const dns::Bytes octets = OctetsOf(ldns_rr_rdf(&rr, i));
      rdata_.insert(rdata_.end(), octets.begin(), octets.end());
    }
    return builder_.Add(*owner, type, ttl, rdata_, lines_.line());
  }

  ZoneFileLines lines_;
  LocalZoneBuilder builder_;
  Rdf origin_;
  Rdf previous_;
  std::uint32_t default_ttl_ = kNoTtl;
  std::uint32_t last_ttl_ = kNoTtl;
  std::uint32_t error_line_ = 0;
  std::vector<std::uint8_t> rdata_;
};

}  // namespace

Result<std::shared_ptr<const LocalZone>> ParseZoneText(std::string_view text, dns::NameView apex,
                                                       const std::string& source) {
  ZoneFileReader reader(text, apex);
  auto zone = reader.Read();
  if (zone) return zone;
  const std::string line =
      reader.error_line() == 0 ? "" : ":" + std::to_string(reader.error_line());
  return Error{source + line + ": " + zone.error()};
}

Result<std::shared_ptr<const LocalZone>> ReadZoneFile(const std::string& path, dns::NameView apex) {
  std::ifstream file(path, std::ios::binary);
  std::string text;
  if (file) text.assign(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  if (!file || file.bad()) {
    return Error{path + ": the zone file cannot be read (" + std::strerror(errno) +
                 "): check its path and permissions"};
  }
  return ParseZoneText(text, apex, path);
}

}  // namespace sealwire::proxy
