#include "dpdk/cpu_list.h"

#include <charconv>
#include <optional>
#include <string>

namespace sealwire::dpdk {
namespace {

constexpr int kMaxCpu = 1023;  // CPU_SETSIZE - 1

std::optional<int> ParseCpu(std::string_view text) {
  int cpu = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), cpu);
  if (error != std::errc() || end != text.data() + text.size() || cpu < 0 || cpu > kMaxCpu) {
    return std::nullopt;
  }
  return cpu;
}

}  // namespace

Result<std::vector<int>> ParseCpuList(std::string_view text) {
  std::vector<int> cpus;
  const Error error{"CPU list \"" + std::string(text) + "\" must look like 2-3,6 or 0@2,1@3"};
  while (true) {
    const std::size_t comma = text.find(',');
    std::string_view item = text.substr(0, comma);
    if (const std::size_t at = item.find('@'); at != std::string_view::npos)
      item = item.substr(at + 1);
    const std::size_t dash = item.find('-');
    const auto first = ParseCpu(item.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : ParseCpu(item.substr(dash + 1));
    if (!first || !last || *last < *first) return error;
    for (int cpu = *first; cpu <= *last; ++cpu) cpus.push_back(cpu);
    if (comma == std::string_view::npos) return cpus;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace sealwire::dpdk
