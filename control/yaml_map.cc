#include "control/yaml_map.h"

#include <fmt/format.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>

namespace sealwire::control {
namespace {

const char* KindOf(const YAML::Node& node) {
  switch (node.Type()) {
    case YAML::NodeType::Sequence:
      return "a list";
    case YAML::NodeType::Map:
      return "a mapping";
    case YAML::NodeType::Scalar:
      return "text";
    default:
      return "nothing";
  }
}

// RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
bool IsUtf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto octet = [&](std::size_t at) {
      return at < text.size() ? static_cast<unsigned char>(text[at]) : 0u;
    };
    const unsigned lead = octet(i);
    const std::size_t more = lead < 0x80 ? 0 : lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
    std::uint32_t point = more == 0 ? lead : lead & (0x3fu >> more);
    for (std::size_t k = 1; k <= more; ++k) {
      if ((octet(i + k) & 0xc0) != 0x80) return false;
      point = point << 6 | (octet(i + k) & 0x3f);
    }
    static constexpr std::uint32_t kLeast[] = {0, 0x80, 0x800, 0x10000};
    if ((lead >= 0x80 && lead < 0xc2) || lead > 0xf4 || point < kLeast[more] || point > 0x10ffff ||
        (point >= 0xd800 && point <= 0xdfff)) {
      return false;
    }
    i += more + 1;
  }
  return true;
}

std::string Joined(const std::set<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

}  // namespace

void YamlErrors::Add(const YAML::Mark& mark, std::string_view path, std::string_view sentence) {
  std::string line = file_;
  if (!mark.is_null()) line += fmt::format(":{}:{}", mark.line + 1, mark.column + 1);
  lines_.push_back(path.empty() ? fmt::format("{}: {}", line, sentence)
                                : fmt::format("{}: {}: {}", line, path, sentence));
}

Status YamlErrors::ToStatus() const {
  if (lines_.empty()) return Status::Ok();
  return Error{fmt::format("{}", fmt::join(lines_, "\n"))};
}

YamlMap::YamlMap(const YAML::Node& node, std::string path, YamlErrors& errors)
    : mark_(node.Mark()), path_(std::move(path)), errors_(&errors) {
  if (!node.IsMap()) {
    if (!node.IsNull()) {
      errors.Add(mark_, path_, fmt::format("a mapping is expected here, not {}", KindOf(node)));
    }
    return;
  }
  for (const auto& pair : node) {
    if (!pair.first.IsScalar()) {
      errors.Add(pair.first.Mark(), path_, fmt::format("{} cannot be a key", KindOf(pair.first)));
      continue;
    }
    const std::string& key = pair.first.Scalar();
    if (!entries_.try_emplace(key, Entry{pair.second, pair.first.Mark()}).second) {
      errors.Add(pair.first.Mark(), PathOf(key), "this key is here twice");
      continue;
    }
    order_.push_back(key);
  }
}

std::string YamlMap::PathOf(std::string_view key) const {
  return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
}

YamlMap::Entry* YamlMap::Take(std::string_view key) {
  asked_.emplace(key);
  const auto found = entries_.find(key);
  if (found == entries_.end()) return nullptr;
  found->second.known = true;
  return &found->second;
}

std::optional<std::string> YamlMap::Text(std::string_view key) {
  const Entry* entry = Take(key);
  if (entry == nullptr) return std::nullopt;
  if (!entry->value.IsScalar() || entry->value.Scalar().empty()) {
    Fail(key, fmt::format("text is expected here, not {}",
                          entry->value.IsScalar() ? "nothing" : KindOf(entry->value)));
    return std::nullopt;
  }
  return entry->value.Scalar();
}

std::optional<std::uint64_t> YamlMap::Number(std::string_view key, std::uint64_t min,
                                             std::uint64_t max) {
  const auto text = Text(key);
  if (!text) return std::nullopt;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc() || end != text->data() + text->size() || number < min || number > max) {
    Fail(key, fmt::format("a number from {} to {} is expected here, not '{}'", min, max, *text));
    return std::nullopt;
  }
  return number;
}

std::optional<std::vector<std::string>> YamlMap::Texts(std::string_view key) {
  const Entry* entry = Take(key);
  if (entry == nullptr) return std::nullopt;
  if (!entry->value.IsSequence()) {
    Fail(key, fmt::format("a list is expected here, not {}", KindOf(entry->value)));
    return std::nullopt;
  }
  std::vector<std::string> texts;
  for (const YAML::Node& item : entry->value) {
    if (item.IsScalar() && !item.Scalar().empty()) {
      texts.push_back(item.Scalar());
    } else {
      errors_->Add(item.Mark(), PathOf(key),
                   fmt::format("text is expected here, not {}", KindOf(item)));
    }
  }
  return texts;
}

std::optional<YamlMap> YamlMap::Map(std::string_view key) {
  const Entry* entry = Take(key);
  if (entry == nullptr) return std::nullopt;
  if (!entry->value.IsMap()) {
    Fail(key, fmt::format("a mapping is expected here, not {}", KindOf(entry->value)));
    return std::nullopt;
  }
  return YamlMap(entry->value, PathOf(key), *errors_);
}

bool YamlMap::HasList(std::string_view key) const {
  const auto found = entries_.find(key);
  return found != entries_.end() && found->second.value.IsSequence();
}

std::vector<YamlMap> YamlMap::Maps(std::string_view key) {
  std::vector<YamlMap> maps;
  const Entry* entry = Take(key);
  if (entry == nullptr) return maps;
  if (!entry->value.IsSequence()) {
    Fail(key, fmt::format("a list is expected here, not {}", KindOf(entry->value)));
    return maps;
  }
  std::size_t index = 0;
  for (const YAML::Node& item : entry->value) {
    maps.emplace_back(item, fmt::format("{}[{}]", PathOf(key), index++), *errors_);
  }
  return maps;
}

void YamlMap::Fail(std::string_view key, std::string_view sentence) {
  const auto found = entries_.find(key);
  errors_->Add(found == entries_.end() ? mark_ : found->second.value.Mark(), PathOf(key), sentence);
}

void YamlMap::RejectUnknown() {
  for (const std::string& key : order_) {
    const Entry& entry = entries_.find(key)->second;
    if (entry.known) continue;
    errors_->Add(entry.key_mark, PathOf(key),
                 fmt::format("unknown key; known here: {}", Joined(asked_)));
  }
}

Status ReadYaml(const std::string& file, const std::string& text,
                const std::function<void(YamlMap&)>& read) {
  YamlErrors errors(file);
  if (!IsUtf8(text)) return Error{file + ": is not UTF-8"};
  try {
    const YAML::Node root = YAML::Load(text);
    YamlMap map(root, "", errors);
    read(map);
    map.RejectUnknown();
  } catch (const YAML::Exception& e) {
    errors.Add(e.mark, "", e.msg);
  }
  return errors.ToStatus();
}

Status ReadYamlFile(const std::string& file, std::size_t max_size,
                    const std::function<void(YamlMap&)>& read) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return Error{fmt::format("{}: {}", file, std::strerror(errno))};
  std::string text(max_size + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad()) return Error{fmt::format("{}: cannot be read", file)};
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > max_size) {
    return Error{fmt::format("{}: larger than {} octets", file, max_size)};
  }
  return ReadYaml(file, text, read);
}

}  // namespace sealwire::control
