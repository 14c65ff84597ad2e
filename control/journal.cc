#include "control/journal.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstring>

namespace sealwire::control {
namespace {

// syslog(3) priorities.
constexpr int PriorityOf(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return 7;
    case LogLevel::kInfo:
      return 6;
    case LogLevel::kWarning:
      return 4;
    case LogLevel::kError:
      break;
  }
  return 3;
}

void AppendField(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  if (value.find('\n') == std::string_view::npos) {
    out += '=';
  } else {
    // Else a value with a line feed could bring fields of its own.
    out += '\n';
    const std::uint64_t size = value.size();
    for (int shift = 0; shift < 64; shift += 8) out += static_cast<char>(size >> shift);
  }
  out += value;
  out += '\n';
}

}  // namespace

std::string JournalEntry(LogLevel level, std::string_view event,
                         std::initializer_list<LogField> fields, std::string_view line) {
  std::string entry;
  AppendField(entry, "MESSAGE", line);
  AppendField(entry, "PRIORITY", std::to_string(PriorityOf(level)));
  AppendField(entry, "SYSLOG_IDENTIFIER", "sealwired");
  AppendField(entry, "SEALWIRE_EVENT", event);
  for (const LogField& field : fields) {
    std::string name = "SEALWIRE_";
    for (const char c : field.key) {
      name += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c == '-' ? '_' : c;
    }
    AppendField(entry, name, field.value);
  }
  return entry;
}

std::optional<Journal> Journal::Behind(int fd, const char* stream, const std::string& socket) {
  struct stat status = {};
  if (stream == nullptr || ::fstat(fd, &status) != 0 ||
      stream != fmt::format("{}:{}", status.st_dev, status.st_ino) ||
      socket.size() >= sizeof(sockaddr_un::sun_path)) {
    return std::nullopt;
  }
  net::FileDescriptor sender(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!sender.open()) return std::nullopt;
  return Journal(std::move(sender), socket);
}

bool Journal::Send(LogLevel level, std::string_view event, std::initializer_list<LogField> fields,
                   std::string_view line) const {
  const std::string entry = JournalEntry(level, event, fields, line);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  // A journal that is full or away must not hold up what is logged.
  return ::sendto(fd_.get(), entry.data(), entry.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                  reinterpret_cast<const sockaddr*>(&address),
                  sizeof address) == static_cast<ssize_t>(entry.size());
}

}  // namespace sealwire::control
