#include "apps/load/questions.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <sstream>

#include "dns/message_writer.h"

namespace sealwire::load {
namespace {

constexpr std::string_view kSpace = " \t\r";

// The next word of `line`, which becomes what is after it.
std::string_view Word(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(kSpace), line.size()));
  const std::string_view word = line.substr(0, line.find_first_of(kSpace));
  line.remove_prefix(word.size());
  return word;
}

std::size_t Copy(dns::Bytes query, dns::MutableBytes out) noexcept {
  if (query.size() > out.size()) return 0;
  std::copy(query.begin(), query.end(), out.begin());
  return query.size();
}

class InOrderSource final : public QuestionSource {
 public:
  InOrderSource(std::shared_ptr<const QuestionList> list, std::size_t first, std::size_t stride,
                bool once)
      : list_(std::move(list)), first_(first), stride_(stride), once_(once), at_(first) {}

  std::size_t Next(dns::MutableBytes out) noexcept override {
    if (at_ >= list_->size()) {
      if (once_ || first_ >= list_->size()) return 0;
      at_ = first_;
    }
    const std::size_t size = Copy((*list_)[at_], out);
    at_ += stride_;
    return size;
  }

 private:
  std::shared_ptr<const QuestionList> list_;
  std::size_t first_, stride_;
  bool once_;
  std::size_t at_;
};

// The next of splitmix64's numbers.
std::uint64_t Mix(std::uint64_t& state) noexcept {
  state += 0x9e3779b97f4a7c15;
  std::uint64_t x = state;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

class RandomSource final : public QuestionSource {
 public:
  RandomSource(std::shared_ptr<const QuestionList> list, std::size_t hot, std::uint64_t seed)
      : list_(std::move(list)), hot_(std::min(hot, list_->size())), state_(seed) {}

  std::size_t Next(dns::MutableBytes out) noexcept override {
    if (hot_ == 0) return 0;
    return Copy((*list_)[Mix(state_) % hot_], out);
  }

 private:
  std::shared_ptr<const QuestionList> list_;
  std::size_t hot_;
  std::uint64_t state_;
};

// One query whose first label is a number that is counted up in place.
class UniqueSource final : public QuestionSource {
 public:
  static constexpr std::size_t kLabelSize = 24;  // 8 digits of the run, 16 of the counter

  static std::unique_ptr<UniqueSource> Make(dns::NameView zone, dns::RRType type, std::uint64_t run,
                                            const QuestionForm& form) {
    std::array<std::uint8_t, kLabelSize> label;
    label.fill('0');
    const auto name = dns::Name::Prepend(label, zone);
    if (!name) return nullptr;
    auto source = std::make_unique<UniqueSource>();
    source->size_ = WriteQuery(*name, type, form, source->query_);
    source->PutDigits(0, 8, run);
    return source->size_ == 0 ? nullptr : std::move(source);
  }

  std::size_t Next(dns::MutableBytes out) noexcept override {
    PutDigits(8, 16, counter_++);
    return Copy(dns::Bytes(query_).first(size_), out);
  }

 private:
  // `count` hexadecimal digits of `value` at `first` in the label.
  void PutDigits(std::size_t first, std::size_t count, std::uint64_t value) noexcept {
    static constexpr char kDigits[] = "0123456789abcdef";
    for (std::size_t i = count; i-- > 0; value >>= 4) {
      query_[kLabelOffset + first + i] = static_cast<std::uint8_t>(kDigits[value & 15]);
    }
  }

  static constexpr std::size_t kLabelOffset = dns::kHeaderSize + 1;
  std::array<std::uint8_t, kMaxQuerySize> query_{};
  std::size_t size_ = 0;
  std::uint64_t counter_ = 0;
};

}  // namespace

std::size_t WriteQuery(dns::NameView name, dns::RRType type, const QuestionForm& form,
                       dns::MutableBytes out) noexcept {
  dns::EdnsReply edns;
  edns.udp_size = form.udp_size;
  edns.dnssec_ok = form.dnssec_ok;
  edns.compact_ok = form.compact_ok;
  dns::MessageWriter writer(out, form.edns ? &edns : nullptr);
  writer.StartQuery(0, /*rd=*/false);
  writer.AddQuestion(name, type, dns::RRClass::kIN);
  return writer.Finish(dns::Rcode::kNoError);
}

Result<QuestionList> QuestionList::Parse(std::string_view text, const QuestionForm& form) {
  QuestionList list;
  std::array<std::uint8_t, kMaxQuerySize> query;
  for (std::size_t number = 1; !text.empty(); ++number) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const std::string where = "line " + std::to_string(number) + ": ";
    const std::string_view name_text = Word(line);
    if (name_text.empty() || name_text.front() == ';' || name_text.front() == '#') continue;
    const std::string_view type_text = Word(line);
    const auto type = dns::ParseRRType(type_text);
    if (!type) return Error{where + "no type '" + std::string(type_text) + "'; write NAME TYPE"};
    const auto name = dns::Name::FromText(name_text);
    if (!name) return Error{where + name.error()};
    const std::size_t size = WriteQuery(*name, *type, form, query);
    list.octets_.insert(list.octets_.end(), query.begin(),
                        query.begin() + static_cast<std::ptrdiff_t>(size));
    list.starts_.push_back(list.octets_.size());
  }
  if (list.size() == 0) return Error{"no questions"};
  return list;
}

Result<QuestionList> QuestionList::Read(const std::string& path, const QuestionForm& form) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error{"cannot read " + path};
  std::ostringstream text;
  text << file.rdbuf();
  auto list = Parse(text.view(), form);
  if (!list) return Error{path + ": " + list.error()};
  return list;
}

std::unique_ptr<QuestionSource> InOrder(std::shared_ptr<const QuestionList> list, std::size_t first,
                                        std::size_t stride, bool once) {
  return std::make_unique<InOrderSource>(std::move(list), first, stride, once);
}

std::unique_ptr<QuestionSource> AtRandom(std::shared_ptr<const QuestionList> list, std::size_t hot,
                                         std::uint64_t seed) {
  return std::make_unique<RandomSource>(std::move(list), hot, seed);
}

Result<std::unique_ptr<QuestionSource>> Unique(dns::NameView zone, dns::RRType type,
                                               std::uint64_t run, const QuestionForm& form) {
  std::unique_ptr<QuestionSource> source = UniqueSource::Make(zone, type, run, form);
  if (source == nullptr) return Error{zone.ToText() + " is too long to ask for names below it"};
  return source;
}

}  // namespace sealwire::load
