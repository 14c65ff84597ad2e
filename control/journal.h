// Log lines as fields of systemd's journal, when stderr is a stream to it: `journalctl -u sealwired
// SEALWIRE_EVENT=hsm-away` then finds what a text search would guess at.
//
// The native protocol of systemd-journald (systemd.journal-fields(7)): one datagram an entry.
// Threading: any thread. Errors: Send() says false, and the caller writes the line to stderr.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "control/log.h"
#include "net/file_descriptor.h"

namespace sealwire::control {

class Journal {
 public:
  static constexpr const char* kSocket = "/run/systemd/journal/socket";

  // The journal, if `stream` ($JOURNAL_STREAM: device and inode) is what descriptor `fd` is.
  static std::optional<Journal> Behind(int fd, const char* stream, const std::string& socket);

  bool Send(LogLevel level, std::string_view event, std::initializer_list<LogField> fields,
            std::string_view line) const;

 private:
  Journal(net::FileDescriptor fd, std::string socket)
      : fd_(std::move(fd)), socket_(std::move(socket)) {}

  net::FileDescriptor fd_;
  std::string socket_;
};

// An entry as it is sent (exposed for tests).
std::string JournalEntry(LogLevel level, std::string_view event,
                         std::initializer_list<LogField> fields, std::string_view line);

}  // namespace sealwire::control
