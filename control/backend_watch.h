// Tells the log and the metrics how backends fare: who went down or came back, and whose answers
// are not signed as they must be (RFC 8945).
//
// Workers only count; this compares what they counted from one look to the next. Threading: the
// control thread. Errors: none.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "control/metrics_page.h"
#include "proxy/forward_client.h"

namespace sealwire::control {

class BackendWatch {
 public:
  // `statuses` gives what each worker says of each endpoint it has asked.
  explicit BackendWatch(std::function<std::vector<proxy::BackendStatus>()> statuses)
      : statuses_(std::move(statuses)) {}

  // Logs what changed since the last look. A backend is up when one worker reaches it.
  void Look();
  void AddMetrics(MetricsText& out) const;

 private:
  struct Seen {
    bool up = false;
    std::uint64_t tsig_refused = 0;
    signer::TsigVerdict tsig_problem = signer::TsigVerdict::kGood;
  };
  std::map<std::string, Seen> Sums() const;

  std::function<std::vector<proxy::BackendStatus>()> statuses_;
  std::map<std::string, Seen> last_;
};

// What an operator can do about it.
std::string_view Advice(signer::TsigVerdict problem) noexcept;

}  // namespace sealwire::control
