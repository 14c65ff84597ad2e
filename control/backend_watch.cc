#include "control/backend_watch.h"

#include "control/log.h"

namespace sealwire::control {

using signer::TsigVerdict;

std::string_view Advice(TsigVerdict problem) noexcept {
  switch (problem) {
    case TsigVerdict::kGood:
      break;
    case TsigVerdict::kUnsigned:
      return "its answers are not signed: give it the key, or take tsig from the zone";
    case TsigVerdict::kMalformed:
      return "its TSIG records are malformed";
    case TsigVerdict::kBadKey:
      return "it does not know the key (BADKEY): compare names and algorithms";
    case TsigVerdict::kBadSig:
      return "the codes do not fit (BADSIG): compare the secrets";
    case TsigVerdict::kBadTime:
      return "its clock and ours are too far apart (BADTIME): set them";
    case TsigVerdict::kBadTrunc:
      return "it cuts its codes (BADTRUNC): let it send them whole";
  }
  return "good";
}

std::map<std::string, BackendWatch::Seen> BackendWatch::Sums() const {
  std::map<std::string, Seen> sums;
  for (const proxy::BackendStatus& status : statuses_()) {
    Seen& sum = sums[status.endpoint.ToText()];
    sum.up |= status.up;
    sum.tsig_refused += status.tsig_refused;
    if (status.tsig_problem != TsigVerdict::kGood) sum.tsig_problem = status.tsig_problem;
  }
  return sums;
}

void BackendWatch::Look() {
  std::map<std::string, Seen> now = Sums();
  for (const auto& [backend, seen] : now) {
    const auto found = last_.find(backend);
    const Seen before = found == last_.end() ? Seen{true, 0, TsigVerdict::kGood} : found->second;
    if (before.up && !seen.up) Log(LogLevel::kWarning, "backend-down", {{"backend", backend}});
    if (!before.up && seen.up) Log(LogLevel::kInfo, "backend-up", {{"backend", backend}});
    // A worker may have put its figures away meanwhile, and count anew.
    if (seen.tsig_refused > before.tsig_refused) {
      Log(LogLevel::kError, "backend-tsig-refused",
          {{"backend", backend},
           {"answers", std::to_string(seen.tsig_refused - before.tsig_refused)},
           {"advice", std::string(Advice(seen.tsig_problem))}});
    }
  }
  last_ = std::move(now);
}

void BackendWatch::AddMetrics(MetricsText& out) const {
  using Kind = MetricsText::Kind;
  const std::map<std::string, Seen> sums = Sums();
  for (const auto& [backend, seen] : sums) {
    out.Add("sealwire_backend_up", Kind::kGauge, "1 while a worker reaches the backend.",
            seen.up ? 1 : 0, MetricsText::Label("backend", backend));
  }
  for (const auto& [backend, seen] : sums) {
    out.Add("sealwire_backend_tsig_refused_total", Kind::kCounter,
            "Answers of the backend whose TSIG record was missing, wrong, or refused ours.",
            static_cast<double>(seen.tsig_refused), MetricsText::Label("backend", backend));
  }
}

}  // namespace sealwire::control
