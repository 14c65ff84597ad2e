#include "control/log.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <mutex>

#include "control/journal.h"

namespace sealwire::control {
namespace {

std::atomic<LogLevel> g_threshold{LogLevel::kInfo};
std::atomic<LogFormat> g_format{LogFormat::kText};
std::mutex g_limiter_mutex;
LogLimiter g_limiter;

constexpr std::string_view NameOf(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "error";
}

// What came from outside must not forge a line or a field: control characters are escaped.
void AppendQuoted(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (octet < 0x20 || octet == 0x7f) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", octet);
    } else {
      out += c;
    }
  }
  out += '"';
}

bool IsPlain(std::string_view text) {
  if (text.empty()) return false;
  for (const char c : text) {
    if (c <= 0x20 || c == 0x7f || c == '"' || c == '=' || c == '\\') return false;
  }
  return true;
}

std::string FormatTime(std::int64_t unix_ms) {
  const auto seconds = static_cast<std::time_t>(unix_ms / 1000);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(seconds), unix_ms % 1000);
}

}  // namespace

bool LogLimiter::Admit(std::uint64_t event_hash, std::int64_t unix_seconds,
                       std::uint32_t& suppressed) noexcept {
  Slot& slot = slots_[event_hash % kSlots];
  if (slot.event != event_hash) slot = {event_hash, unix_seconds, 0, 0};
  if (unix_seconds - slot.window_start >= kLogWindowSeconds) {
    slot.window_start = unix_seconds;
    slot.count = 0;
  }
  if (slot.count >= kLogBurst) {
    ++slot.held;
    return false;
  }
  ++slot.count;
  suppressed = slot.held;
  slot.held = 0;
  return true;
}

std::string FormatLogLine(LogFormat format, std::int64_t unix_ms, LogLevel level,
                          std::string_view event, std::initializer_list<LogField> fields) {
  std::string line;
  if (format == LogFormat::kJson) {
    line =
        fmt::format(R"({{"time":"{}","level":"{}","event":)", FormatTime(unix_ms), NameOf(level));
    AppendQuoted(line, event);
    for (const LogField& field : fields) {
      line += ',';
      AppendQuoted(line, field.key);
      line += ':';
      AppendQuoted(line, field.value);
    }
    line += '}';
    return line;
  }
  line = fmt::format("{} {} {}", FormatTime(unix_ms), NameOf(level), event);
  for (const LogField& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    if (IsPlain(field.value)) {
      line += field.value;
    } else {
      AppendQuoted(line, field.value);
    }
  }
  return line;
}

void SetLog(LogLevel threshold, LogFormat format) noexcept {
  g_threshold = threshold;
  g_format = format;
}

void Log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  if (level < g_threshold.load()) return;
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count();
  std::uint32_t suppressed = 0;
  {
    const std::lock_guard lock(g_limiter_mutex);
    if (!g_limiter.Admit(std::hash<std::string_view>{}(event), now / 1000, suppressed)) return;
  }
  std::string line = FormatLogLine(g_format, now, level, event, fields);
  if (suppressed > 0) {
    line = FormatLogLine(g_format, now, LogLevel::kWarning, "log-suppressed",
                         {{"of", std::string(event)}, {"suppressed", std::to_string(suppressed)}}) +
           "\n" + line;
  }
  if (g_format == LogFormat::kText) {
    static const auto journal =
        Journal::Behind(STDERR_FILENO, std::getenv("JOURNAL_STREAM"), Journal::kSocket);
    if (journal && journal->Send(level, event, fields, line)) return;
  }
  line += '\n';
  // One write a line, so that lines of several threads do not mix; a full pipe loses the line only.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace sealwire::control
