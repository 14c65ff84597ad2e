#include "control/config_dnstap.h"

#include <fmt/format.h>

#include <charconv>

namespace sealwire::control {
namespace {

Result<double> Share(const std::string& text) {
  double share = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), share);
  if (error != std::errc() || end != text.data() + text.size() || !(share > 0 && share <= 1)) {
    return Error{"'" + text + "' is no share: write a number above 0 and up to 1, like 0.01"};
  }
  return share;
}

Result<bool> YesOrNo(const std::string& text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return Error{"'" + text + "' is not possible; possible are: true, false"};
}

}  // namespace

std::optional<DnstapConfig> ReadDnstap(YamlMap& top) {
  auto map = top.Map("dnstap");
  if (!map) return std::nullopt;
  DnstapConfig config;
  config.socket = map->Text("socket").value_or("");
  config.file = map->Text("file").value_or("");
  config.sample = map->Parsed("sample", Share).value_or(config.sample);
  config.queries = map->Parsed("queries", YesOrNo).value_or(config.queries);
  config.responses = map->Parsed("responses", YesOrNo).value_or(config.responses);
  if (map->Has("socket") == map->Has("file")) {
    map->Fail("socket", "give either a socket or a file");
  }
  if (!config.queries && !config.responses) {
    map->Fail("queries", "neither queries nor responses are wanted: leave dnstap out");
  }
  map->RejectUnknown();
  return config;
}

std::string DnstapYaml(const DnstapConfig& config) {
  const bool to_file = !config.file.empty();
  return fmt::format("dnstap: {{{}: \"{}\", sample: {}, queries: {}, responses: {}}}\n",
                     to_file ? "file" : "socket", to_file ? config.file : config.socket,
                     config.sample, config.queries, config.responses);
}

}  // namespace sealwire::control
