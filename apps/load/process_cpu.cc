#include "apps/load/process_cpu.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace sealwire::load {
namespace {

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// Clock ticks of one process; nothing when there is none.
std::optional<double> OwnTicks(pid_t pid) {
  const std::string text = ReadFile("/proc/" + std::to_string(pid) + "/stat");
  // The command stands in parentheses and may hold spaces and parentheses itself (proc(5)).
  const std::size_t command_end = text.rfind(')');
  if (command_end == std::string::npos) return std::nullopt;
  std::istringstream fields(text.substr(command_end + 1));
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  return fields ? std::optional(user + system) : std::nullopt;
}

// The processes that any thread of `pid` has started.
std::vector<pid_t> ChildrenOf(pid_t pid) {
  std::vector<pid_t> children;
  std::error_code ignored;
  for (const auto& thread :
       std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task", ignored)) {
    std::istringstream text(ReadFile(thread.path() / "children"));
    for (pid_t child; text >> child;) children.push_back(child);
  }
  return children;
}

double TicksBelow(pid_t pid) {
  double ticks = 0;
  for (const pid_t child : ChildrenOf(pid)) {
    ticks += OwnTicks(child).value_or(0) + TicksBelow(child);
  }
  return ticks;
}

}  // namespace

Result<double> ProcessCpuSeconds(pid_t pid) {
  const auto ticks = OwnTicks(pid);
  if (!ticks) return Error{"no process " + std::to_string(pid)};
  return (*ticks + TicksBelow(pid)) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

}  // namespace sealwire::load
