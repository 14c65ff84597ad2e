#include "control/metrics_page.h"

#include <fmt/format.h>

#include <array>

namespace sealwire::control {
namespace {

using Kind = MetricsText::Kind;

// In the order of proxy::Count.
constexpr std::array<const char*, proxy::kCounts> kPipelineHelp = {
    "Queries received over UDP.",
    "Queries received over TCP.",
    "Queries with the DO flag.",
    "Queries answered at once.",
    "Queries dropped.",
    "Queries that had to wait for a backend, or for keys.",
    "Answers with a signature in them.",
    "Answers for names that do not exist.",
    "Answers cut short, with the TC flag.",
    "Queries answered from the answer cache.",
    "Queries the answer cache had no answer for.",
    "Questions put to backends.",
    "Answers of backends that were used.",
    "Questions that no backend answered in a way that could be believed.",
    "Answers of backends that came too late.",
    "Queries turned away because too many waited, or no backend could be asked.",
    "Answers that could not be signed.",
    "Key RRsets asked for while no signature made ahead was valid.",
    "Queries with a server cookie of ours.",
    "Queries with a client cookie only, or with a server cookie that does not hold.",
    "Answers that rate limiting dropped, or would have dropped where it only logs.",
    "Answers that rate limiting replaced by one with TC or BADCOOKIE.",
    "Error reports of resolvers (RFC 9567).",
    "Answers made of what a backend said before it went away.",
    "Queries that waited for the keys of their zone to be opened.",
    "Queries that waited for keys in vain, or could not wait: answered SERVFAIL.",
};

void AddPipeline(MetricsText& out, const proxy::PipelineTotals& totals) {
  for (std::size_t i = 0; i < proxy::kCounts; ++i) {
    const std::string_view name = proxy::NameOf(static_cast<proxy::Count>(i));
    out.Add(fmt::format("sealwire_{}_total", name), Kind::kCounter,
            kPipelineHelp[i] == nullptr ? name : kPipelineHelp[i],
            static_cast<double>(totals.counts[i]));
  }
  for (std::size_t i = 0; i < proxy::kRcodes; ++i) {
    // The usual ones are there from the start, or a rate over them would begin with a gap.
    const bool usual = i <= static_cast<std::size_t>(dns::Rcode::kRefused);
    if (totals.rcodes[i] == 0 && !usual) continue;
    out.Add("sealwire_answers_total", Kind::kCounter, "Answers by RCODE.",
            static_cast<double>(totals.rcodes[i]),
            fmt::format("rcode=\"{}\"", dns::ToText(static_cast<dns::Rcode>(i))));
  }
  out.Add("sealwire_queries_waiting", Kind::kGauge, "Queries that wait for a backend.",
          static_cast<double>(totals.waiting));
}

void AddLatency(MetricsText& out, const proxy::PipelineTotals& totals) {
  constexpr std::array<const char*, proxy::kTransports> kPaths = {"udp", "tcp"};
  for (std::size_t path = 0; path < proxy::kTransports; ++path) {
    for (std::size_t way = 0; way < proxy::kWays; ++way) {
      out.AddHistogram("sealwire_answer_duration_seconds",
                       "From a query's arrival in the pipeline to its answer. Of answers given at "
                       "once one in 64 is timed and counted 64 times; outcome=\"waited\" counts "
                       "every answer that had to wait for a backend.",
                       totals.latency[path][way],
                       fmt::format("path=\"{}\",outcome=\"{}\"", kPaths[path],
                                   proxy::NameOf(static_cast<proxy::Way>(way))));
    }
  }
}

// Sums one counter over all workers.
template <class Read>
double SumOf(const KernelWorkers& workers, Read read) {
  double sum = 0;
  for (const auto& worker : workers.all())
    sum += static_cast<double>(read(worker->counters()).value());
  return sum;
}

void AddSockets(MetricsText& out, const KernelWorkers& workers) {
  using C = const proxy::WorkerCounters&;
  const auto add = [&](const char* name, Kind kind, const char* help, auto read) {
    out.Add(name, kind, help, SumOf(workers, read));
  };
  add(
      "sealwire_udp_received_total", Kind::kCounter, "Datagrams received.",
      [](C c) -> auto& { return c.udp.queries; });
  add(
      "sealwire_udp_sent_total", Kind::kCounter, "Datagrams the kernel took.",
      [](C c) -> auto& { return c.udp.answers; });
  add(
      "sealwire_udp_sent_in_runs_total", Kind::kCounter,
      "Datagrams the kernel took in one piece with others for the same peer.",
      [](C c) -> auto& { return c.udp.in_runs; });
  add(
      "sealwire_udp_oversized_total", Kind::kCounter, "Datagrams too large to be a query.",
      [](C c) -> auto& { return c.udp.oversized; });
  add(
      "sealwire_udp_bad_proxy_header_total", Kind::kCounter,
      "Datagrams of a trusted proxy without a whole PROXY header: dropped.",
      [](C c) -> auto& { return c.udp.bad_proxy; });
  add(
      "sealwire_udp_not_sent_total", Kind::kCounter, "Answers the kernel did not take.",
      [](C c) -> auto& { return c.udp.not_sent; });
  add(
      "sealwire_udp_turned_away_total", Kind::kCounter, "Queries dropped because too many waited.",
      [](C c) -> auto& { return c.udp.turned_away; });
  add(
      "sealwire_tcp_accepted_total", Kind::kCounter, "Connections accepted.",
      [](C c) -> auto& { return c.tcp.accepted; });
  add(
      "sealwire_tcp_open", Kind::kGauge, "Connections open now.",
      [](C c) -> auto& { return c.tcp.open; });
  add(
      "sealwire_tcp_queries_total", Kind::kCounter, "Queries over TCP.",
      [](C c) -> auto& { return c.tcp.queries; });
  add(
      "sealwire_tcp_refused_total", Kind::kCounter,
      "Connections closed at once because of their number.",
      [](C c) -> auto& { return c.tcp.refused_total; });
  add(
      "sealwire_tcp_refused_client_total", Kind::kCounter,
      "Connections closed at once: too many from one client.",
      [](C c) -> auto& { return c.tcp.refused_client; });
  add(
      "sealwire_tcp_bad_proxy_header_closed_total", Kind::kCounter,
      "Connections of a trusted proxy closed for want of a PROXY header.",
      [](C c) -> auto& { return c.tcp.bad_proxy_closed; });
  add(
      "sealwire_tcp_idle_closed_total", Kind::kCounter,
      "Connections closed because they were idle.", [](C c) -> auto& { return c.tcp.idle_closed; });
}

void AddZones(MetricsText& out, const ZoneRegistry& registry) {
  for (const ZoneStatus status :
       {ZoneStatus::kDisabled, ZoneStatus::kDeploying, ZoneStatus::kPending, ZoneStatus::kActive,
        ZoneStatus::kPendingDisabled, ZoneStatus::kError}) {
    out.Add("sealwire_zones", Kind::kGauge, "Zones by the status of their DNSSEC.",
            static_cast<double>(registry.CountOf(status)),
            fmt::format("status=\"{}\"", ToText(status)));
  }
}

void AddHsm(MetricsText& out, const std::vector<keycache::HsmStatus>& tokens) {
  const auto add = [&](const char* name, Kind kind, const char* help, auto read) {
    for (const keycache::HsmStatus& token : tokens) {
      out.Add(name, kind, help, static_cast<double>(read(token)),
              MetricsText::Label("token", token.token));
    }
  };
  using S = const keycache::HsmStatus&;
  add("sealwire_hsm_up", Kind::kGauge, "1 while the HSM's token answers.",
      [](S token) { return token.state == keycache::HsmState::kUp; });
  add("sealwire_hsm_starts_total", Kind::kCounter, "Times the HSM process was started.",
      [](S token) { return token.starts; });
  add("sealwire_hsm_calls_total", Kind::kCounter, "Calls the HSM answered.",
      [](S token) { return token.calls; });
  add("sealwire_hsm_failures_total", Kind::kCounter, "Calls that gave an error.",
      [](S token) { return token.failures; });
  add("sealwire_hsm_wrong_signatures_total", Kind::kCounter,
      "Signatures of the HSM that did not verify; none of them was used.",
      [](S token) { return token.wrong_signatures; });
  add("sealwire_hsm_call_seconds_total", Kind::kCounter, "Time spent in calls that were answered.",
      [](S token) { return static_cast<double>(token.total_us) / 1e6; });
}

void AddKeys(MetricsText& out, const std::optional<keycache::KeyCacheStatus>& keys) {
  if (!keys) return;
  out.Add("sealwire_key_shards_open", Kind::kGauge, "Shard keys open in memory.",
          static_cast<double>(keys->open_shards));
  out.Add("sealwire_key_shards_in_grace", Kind::kGauge,
          "Shard keys whose lease ran out while the HSM was away: an alarm.",
          static_cast<double>(keys->shards_in_grace));
  out.Add("sealwire_key_shard_leases_total", Kind::kCounter,
          "Shard keys that the HSM opened for this process.", static_cast<double>(keys->leases));
  out.Add("sealwire_key_shard_leases_renewed_total", Kind::kCounter,
          "Leases that ran out and were confirmed by the HSM.",
          static_cast<double>(keys->leases_renewed));
  out.Add("sealwire_key_shard_leases_ended_total", Kind::kCounter,
          "Leases that ran out unused: the shard key was wiped.",
          static_cast<double>(keys->leases_ended));
  out.Add("sealwire_key_secrets", Kind::kGauge, "Private scalars and shard keys in locked memory.",
          static_cast<double>(keys->secrets.used));
  out.Add("sealwire_key_secret_bytes", Kind::kGauge, "Locked memory for them, in octets.",
          static_cast<double>(keys->secrets.locked_bytes));
}

}  // namespace

std::string MetricsText::Label(std::string_view name, std::string_view value) {
  std::string label = std::string(name) + "=\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') label += '\\';
    label += c == '\n' ? ' ' : c;
  }
  return label + '"';
}

void MetricsText::Add(std::string_view name, Kind kind, std::string_view help, double value,
                      std::string_view labels) {
  Head(name, help, kind == Kind::kCounter ? "counter" : "gauge");
  text_ += labels.empty() ? fmt::format("{} {}\n", name, value)
                          : fmt::format("{}{{{}}} {}\n", name, labels, value);
}

void MetricsText::AddHistogram(std::string_view name, std::string_view help,
                               const proxy::LatencyTotals& totals, std::string_view labels) {
  Head(name, help, "histogram");
  const std::string_view comma = labels.empty() ? "" : ",";
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < proxy::kLatencyBuckets; ++i) {
    below += totals.buckets[i];
    const bool last = i + 1 == proxy::kLatencyBuckets;
    text_ += fmt::format("{}_bucket{{{}{}le=\"{}\"}} {}\n", name, labels, comma,
                         last ? "+Inf" : fmt::format("{}", proxy::LatencyBound(i)), below);
  }
  const std::string set = labels.empty() ? "" : fmt::format("{{{}}}", labels);
  text_ += fmt::format("{}_sum{} {}\n{}_count{} {}\n", name, set,
                       static_cast<double>(totals.sum_ns) / 1e9, name, set, below);
}

void MetricsText::Head(std::string_view name, std::string_view help, std::string_view kind) {
  if (name == last_) return;
  text_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, kind);
  last_ = name;
}

std::string MetricsPage::Text() const {
  MetricsText out;
  out.Add("sealwire_build_info", Kind::kGauge, "The version that runs.", 1,
          fmt::format("version=\"{}\"", sources_.version));
  out.Add("sealwire_start_time_seconds", Kind::kGauge, "When the daemon started, since 1970.",
          static_cast<double>(sources_.started));
  out.Add("sealwire_ready", Kind::kGauge, "1 while queries are answered.",
          sources_.ready() ? 1 : 0);
  const proxy::PipelineTotals totals = sources_.workers.Totals();
  AddPipeline(out, totals);
  AddLatency(out, totals);
  out.AddHistogram("sealwire_backend_duration_seconds",
                   "From a question to a backend over UDP to its answer.",
                   sources_.workers.BackendLatency());
  AddSockets(out, sources_.workers);
  AddZones(out, sources_.registry);
  AddHsm(out, sources_.hsm());
  AddKeys(out, sources_.keys());
  for (const auto& add : sources_.more) add(out);
  return out.text();
}

void MetricsPage::Handle(const net::HttpRequest& request, const net::HttpReply& reply) const {
  const auto plain = [](int status, std::string body) {
    return net::HttpResponse{
        status, {{"Content-Type", "text/plain; charset=utf-8"}}, std::move(body)};
  };
  const std::string& path = request.path;
  if (path != "/metrics" && path != "/livez" && path != "/readyz") {
    reply.Send(plain(404, "not found\n"));
  } else if (request.method != "GET" && request.method != "HEAD") {
    auto response = plain(405, "only GET\n");
    response.headers.emplace_back("Allow", "GET, HEAD");
    reply.Send(std::move(response));
  } else if (path == "/metrics") {
    auto response = plain(200, Text());
    response.headers[0].second = "text/plain; version=0.0.4; charset=utf-8";
    reply.Send(std::move(response));
  } else if (path == "/livez") {
    reply.Send(plain(200, "alive\n"));
  } else {
    reply.Send(sources_.ready() ? plain(200, "ready\n") : plain(503, "not ready\n"));
  }
}

}  // namespace sealwire::control
