// The program's log: one line an event on stderr, `time level event key=value…`, or one JSON
// object; where stderr is systemd's journal, text lines become entries with fields
// (control/journal.h).
//
// Control plane only: a line allocates and writes, so packet code counts instead of logging. An
// event that repeats is held back: after kBurst lines of the same event within kWindow seconds the
// rest are counted, and the next line that passes says `suppressed=N`. Threading: any thread.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace sealwire::control {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError };
enum class LogFormat : std::uint8_t { kText, kJson };

inline constexpr int kLogBurst = 20;
inline constexpr int kLogWindowSeconds = 10;

struct LogField {
  std::string_view key;
  std::string value;
};

// What later lines look like and which are dropped; set once at start and again on reload.
void SetLog(LogLevel threshold, LogFormat format) noexcept;

// `event` is a word or two with dashes ("zone-changed"): what a machine filters by.
void Log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {});

// The line that Log() would write, without its line feed (exposed for tests).
std::string FormatLogLine(LogFormat format, std::int64_t unix_ms, LogLevel level,
                          std::string_view event, std::initializer_list<LogField> fields);

// Lets `event` pass or holds it back; `suppressed` is how many were held back before this one.
class LogLimiter {
 public:
  bool Admit(std::uint64_t event_hash, std::int64_t unix_seconds,
             std::uint32_t& suppressed) noexcept;

 private:
  static constexpr std::size_t kSlots =
      256;  // events share a slot by hash: bounded, never wrong by more than silence
  struct Slot {
    std::uint64_t event = 0;
    std::int64_t window_start = 0;
    int count = 0;
    std::uint32_t held = 0;
  };
  Slot slots_[kSlots];
};

}  // namespace sealwire::control
