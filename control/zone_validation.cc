// What a validator says: delv, run with one zone's DS records as its only trust.

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <optional>

#include "control/zone_doctor.h"
#include "net/file_descriptor.h"

namespace sealwire::control {
namespace {

using State = Finding::State;

constexpr auto kPatience = std::chrono::seconds(15);
constexpr std::size_t kMaxOutput = 64 << 10;

// A file that is gone with the value.
class TrustFile {
 public:
  static std::optional<TrustFile> Make(const std::string& text) {
    std::string path = "/tmp/sealctl-trust-XXXXXX";
    const net::FileDescriptor fd(::mkostemp(path.data(), O_CLOEXEC));
    if (!fd.open()) return std::nullopt;
    TrustFile file(path);
    if (::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
      return std::nullopt;
    }
    return file;
  }
  TrustFile(TrustFile&& other) noexcept : path_(std::exchange(other.path_, "")) {}
  TrustFile& operator=(TrustFile&&) = delete;
  ~TrustFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  const std::string& path() const noexcept { return path_; }

 private:
  explicit TrustFile(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

std::string TrustText(const dns::Name& apex, const std::vector<std::string>& ds) {
  std::string text = "trust-anchors {\n";
  for (const std::string& rdata : ds) {
    std::array<std::string, 4> fields;  // key tag, algorithm, digest type, digest
    std::size_t at = 0, field = 0;
    for (; at < rdata.size(); ++at) {
      if (rdata[at] == ' ' && field < 3) {
        ++field;
      } else if (rdata[at] != ' ') {
        fields[field] += rdata[at];
      }
    }
    text += fmt::format("  \"{}\" static-ds {} {} {} \"{}\";\n", apex.ToText(), fields[0],
                        fields[1], fields[2], fields[3]);
  }
  return text + "};\n";
}

// Everything the program says until it ends; nothing when it cannot be run or takes too long.
std::optional<std::string> OutputOf(std::vector<std::string> words) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return std::nullopt;
  const net::FileDescriptor out(ends[0]);
  net::FileDescriptor in(ends[1]);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, in.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, in.get(), STDERR_FILENO);
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t pid = 0;
  const int error =
      ::posix_spawnp(&pid, arguments[0], &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  in.Reset();
  if (error != 0) return std::nullopt;
  std::string text;
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  bool ended = false;
  while (!ended && text.size() < kMaxOutput) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd wait = {out.get(), POLLIN, 0};
    if (left.count() <= 0 || ::poll(&wait, 1, static_cast<int>(left.count())) != 1) break;
    char part[4096];
    const ssize_t size = ::read(out.get(), part, sizeof part);
    ended = size <= 0;
    if (size > 0) text.append(part, static_cast<std::size_t>(size));
  }
  if (!ended) ::kill(pid, SIGKILL);
  int status = 0;
  ::waitpid(pid, &status, 0);
  return ended ? std::optional(text) : std::nullopt;
}

Finding Judge(const std::string& what, const std::optional<std::string>& said) {
  if (!said || said->empty()) {
    return {State::kSkipped, what, "delv could not be run, or did not end",
            "install bind9-dnsutils to have answers validated"};
  }
  if (said->find("; fully validated") != std::string::npos ||
      said->find(", fully validated") != std::string::npos) {
    return {State::kGood, what, "a validator believes it", ""};
  }
  std::string line = said->substr(0, said->find('\n'));
  return {State::kFault, what, "a validator refuses it: " + line,
          "compare sealctl dnssec ds with what is at the parent, and look at the clock"};
}

}  // namespace

std::vector<Finding> Validate(const net::Endpoint& edge, const dns::Name& apex,
                              const std::vector<std::string>& ds) {
  const auto trust = TrustFile::Make(TrustText(apex, ds));
  if (!trust) return {{State::kSkipped, "validation", "no file can be made in /tmp", ""}};
  const auto ask = [&](const std::string& name, const char* type) {
    return OutputOf({"delv", "-a", trust->path(), "+root=" + apex.ToText(),
                     "@" + edge.address.ToText(), "-p", std::to_string(edge.port), name, type});
  };
  const std::string at = " at " + edge.ToText();
  return {Judge("validated answer" + at, ask(apex.ToText(), "SOA")),
          Judge("validated denial" + at, ask("doctor-none." + apex.ToText(), "TYPE65300"))};
}

}  // namespace sealwire::control
