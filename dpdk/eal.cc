#include "dpdk/eal.h"

#include <bpf/libbpf.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_log.h>
#include <sched.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <deque>
#include <filesystem>
#include <fstream>
#include <mutex>

namespace sealwire::dpdk {
namespace {

constexpr std::size_t kLogLines = 6;

// Keeps the end of EAL's log: what it prints is of interest only when something fails.
class LogTail {
 public:
  // Writes go to `this` for good: EAL's own threads may log until the process ends.
  void Attach() {
    cookie_io_functions_t functions{};
    functions.write = [](void* self, const char* text, std::size_t size) -> ssize_t {
      static_cast<LogTail*>(self)->Add({text, size});
      return static_cast<ssize_t>(size);
    };
    if (FILE* stream = fopencookie(this, "w", functions)) {
      setvbuf(stream, nullptr, _IOLBF, 0);
      rte_openlog_stream(stream);
    }
    // The AF_XDP driver speaks to the kernel through libbpf, which knows what the kernel objected
    // to.
    libbpf_set_print(&LogTail::OnLibbpf);
  }
  std::string Text() {
    const std::lock_guard lock(mutex_);
    std::string text;
    for (const std::string& line : lines_) text += (text.empty() ? "" : "; ") + line;
    return text;
  }

 private:
  static int OnLibbpf(libbpf_print_level level, const char* format, va_list arguments);
  void Add(std::string_view text) {
    const std::lock_guard lock(mutex_);
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      if (end != 0) lines_.emplace_back(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
      if (lines_.size() > kLogLines) lines_.pop_front();
    }
  }

  std::mutex mutex_;
  std::deque<std::string> lines_;
};

struct Started {
  std::mutex mutex;
  bool done = false;
  bool ordinary_pages = false;
  std::string pci;
  LogTail log;
};
Started& State() {
  static auto& state = *new Started;  // outlives EAL's threads
  return state;
}

bool Has(const std::vector<std::string>& arguments, std::string_view option) {
  return std::any_of(arguments.begin(), arguments.end(), [&](const std::string& argument) {
    return argument == option || argument.starts_with(std::string(option) + "=");
  });
}

// "0@(0,1,5)": the one lcore that EAL insists on floats over every CPU this process may use.
std::string FloatingLcore() {
  cpu_set_t set;
  CPU_ZERO(&set);
  sched_getaffinity(0, sizeof set, &set);
  std::string cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) cpus += (cpus.empty() ? "" : ",") + std::to_string(cpu);
  }
  return "0@(" + cpus + ")";
}

std::vector<std::string> Arguments(const EalNeeds& needs, bool ordinary_pages) {
  std::vector<std::string> arguments = {"sealwired", "--no-telemetry", "--lcores", FloatingLcore(),
                                        "--iova-mode=va"};
  if (ordinary_pages) {
    arguments.insert(arguments.end(),
                     {"--no-huge", "--no-shconf", "-m", std::to_string(needs.megabytes)});
  } else {
    arguments.emplace_back("--in-memory");
  }
  if (needs.pci.empty()) {
    arguments.emplace_back("--no-pci");
  } else {
    arguments.insert(arguments.end(), {"-a", needs.pci});
    // A NIC without an IOMMU before it needs physical addresses: EAL knows best.
    std::erase(arguments, "--iova-mode=va");
  }
  arguments.insert(arguments.end(), needs.arguments.begin(), needs.arguments.end());
  return arguments;
}

std::string HowToReserve(std::size_t megabytes) {
  return "reserve them with: echo " + std::to_string(megabytes / 2 + 1) +
         " > /proc/sys/vm/nr_hugepages (or choose memory: ordinary, 10 to 40 % slower)";
}

int LogTail::OnLibbpf(libbpf_print_level level, const char* format, va_list arguments) {
  if (level != LIBBPF_WARN) return 0;
  char text[512];
  const int size = std::vsnprintf(text, sizeof text, format, arguments);
  if (size > 0)
    State().log.Add({text, std::min<std::size_t>(static_cast<std::size_t>(size), sizeof text - 1)});
  return size;
}

}  // namespace

std::size_t FreeHugepageMegabytes() {
  std::size_t megabytes = 0;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/sys/kernel/mm/hugepages", error)) {
    // hugepages-2048kB
    const std::string name = entry.path().filename();
    const std::size_t dash = name.find('-');
    if (dash == std::string::npos) continue;
    std::size_t free = 0;
    std::ifstream(entry.path() / "free_hugepages") >> free;
    megabytes += free * (std::strtoul(name.c_str() + dash + 1, nullptr, 10) / 1024);
  }
  return megabytes;
}

Status StartEal(const EalNeeds& needs) {
  Started& state = State();
  const std::lock_guard lock(state.mutex);
  if (state.done) {
    if (!needs.pci.empty() && needs.pci != state.pci) {
      return Error{"DPDK runs already without " + needs.pci +
                   ": restart sealwired to add a PCI device"};
    }
    if (needs.memory == MemoryMode::kHugepages && state.ordinary_pages) {
      return Error{"DPDK runs already on ordinary pages: restart sealwired to use hugepages"};
    }
    return Status::Ok();
  }

  const std::size_t free = FreeHugepageMegabytes();
  const bool asked = needs.memory == MemoryMode::kOrdinary || Has(needs.arguments, "--no-huge");
  if (needs.memory == MemoryMode::kHugepages && free < needs.megabytes) {
    return Error{"DPDK needs " + std::to_string(needs.megabytes) + " MB of hugepages, " +
                 std::to_string(free) + " MB are free: " + HowToReserve(needs.megabytes)};
  }
  state.ordinary_pages = asked || (needs.memory == MemoryMode::kAuto && free < needs.megabytes);
  state.pci = needs.pci;

  std::vector<std::string> arguments = Arguments(needs, state.ordinary_pages);
  if (Has(needs.arguments, "--no-huge"))
    arguments.erase(std::find(arguments.begin(), arguments.end(), "--no-huge"));
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  state.log.Attach();
  rte_log_set_global_level(RTE_LOG_INFO);
  if (rte_eal_init(static_cast<int>(argv.size()), argv.data()) < 0) {
    std::string command;
    for (const std::string& argument : arguments) command += " " + argument;
    return Error{"DPDK does not start (" + std::string(rte_strerror(rte_errno)) +
                 "; arguments:" + command + "): " + state.log.Text()};
  }
  state.done = true;
  return Status::Ok();
}

bool EalRunsWithoutHugepages() noexcept {
  return State().ordinary_pages;
}

std::string EalLogTail() {
  return State().log.Text();
}

PollThread::PollThread() noexcept : registered_(rte_thread_register() == 0) {}

PollThread::~PollThread() {
  if (registered_) rte_thread_unregister();
}

}  // namespace sealwire::dpdk
