// A YAML mapping read strictly: every key is asked for by name, and what was not asked for is an
// error with its place. All errors of a file are gathered, not the first only.
//
// Included by sources that read YAML, never by a public header (yaml-cpp is heavy). Threading:
// values. Errors: gathered in YamlErrors; getters give nothing for what is absent or wrong.
#pragma once

#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "dns/result.h"

namespace sealwire::control {

// Lines "FILE:LINE:COLUMN: PATH: sentence".
class YamlErrors {
 public:
  explicit YamlErrors(std::string file) : file_(std::move(file)) {}
  void Add(const YAML::Mark& mark, std::string_view path, std::string_view sentence);
  bool empty() const noexcept { return lines_.empty(); }
  Status ToStatus() const;

 private:
  std::string file_;
  std::vector<std::string> lines_;
};

class YamlMap {
 public:
  // `path` is how the mapping is called in errors ("control", "" for the whole file). `errors` must
  // outlive the map.
  YamlMap(const YAML::Node& node, std::string path, YamlErrors& errors);

  bool Has(std::string_view key) const { return entries_.contains(key); }
  bool HasList(std::string_view key) const;
  std::optional<std::string> Text(std::string_view key);
  std::optional<std::uint64_t> Number(std::string_view key, std::uint64_t min, std::uint64_t max);
  std::optional<std::vector<std::string>> Texts(std::string_view key);  // a list of text
  std::optional<YamlMap> Map(std::string_view key);
  std::vector<YamlMap> Maps(std::string_view key);  // a list of mappings
  // Text run through `parse` (Result<T>(std::string)); its error is reported at the value.
  template <class Parse>
  auto Parsed(std::string_view key, Parse parse)
      -> std::optional<std::decay_t<decltype(*parse(std::string()))>> {
    const auto text = Text(key);
    if (!text) return std::nullopt;
    auto parsed = parse(*text);
    if (parsed.ok()) return *parsed;
    Fail(key, parsed.error());
    return std::nullopt;
  }
  // The same for each entry of a list.
  template <class Parse>
  auto ParsedList(std::string_view key, Parse parse)
      -> std::vector<std::decay_t<decltype(*parse(std::string()))>> {
    std::vector<std::decay_t<decltype(*parse(std::string()))>> out;
    for (const std::string& text : Texts(key).value_or(std::vector<std::string>{})) {
      auto parsed = parse(text);
      if (parsed.ok()) {
        out.push_back(*parsed);
      } else {
        Fail(key, parsed.error());
      }
    }
    return out;
  }

  // Keys in the order of the file.
  const std::vector<std::string>& keys() const noexcept { return order_; }
  const std::string& path() const noexcept { return path_; }
  std::string PathOf(std::string_view key) const;

  // Reports `sentence` at the value of `key`, or at the mapping when the key is absent.
  void Fail(std::string_view key, std::string_view sentence);
  // Reports every key that no getter asked for; called last.
  void RejectUnknown();

 private:
  struct Entry {
    YAML::Node value;
    YAML::Mark key_mark;
    bool known = false;
  };
  Entry* Take(std::string_view key);

  YAML::Mark mark_;
  std::string path_;
  YamlErrors* errors_;
  std::map<std::string, Entry, std::less<>> entries_;
  std::vector<std::string> order_;
  std::set<std::string> asked_;
};

// Reads and parses `file` (at most `max_size` octets) and calls `read` with the top mapping.
Status ReadYamlFile(const std::string& file, std::size_t max_size,
                    const std::function<void(YamlMap&)>& read);
// The same for text that is here already; `file` is only named in errors.
Status ReadYaml(const std::string& file, const std::string& text,
                const std::function<void(YamlMap&)>& read);

}  // namespace sealwire::control
