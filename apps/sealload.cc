// sealload: asks a name server under load and says how it fared.
//
//   sealload run 127.0.0.1:5300 --queries FILE        questions of a file
//   sealload run 127.0.0.1:5300 --nxdomain ZONE       names that do not exist
//   sealload report RUN.json                          a run as table and histogram
//   sealload compare A.json B.json                    two runs side by side
//
// Exit status: 0 done, 1 error, 2 usage.
#include <CLI/CLI.hpp>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>

#include "apps/load/generator.h"
#include "apps/load/process_cpu.h"
#include "apps/load/questions.h"
#include "apps/load/report.h"
#include "apps/load/summary.h"
#include "net/random.h"

namespace sealwire::load {
namespace {

std::atomic<bool> stop{false};

struct RunOptions {
  LoadPlan plan;
  QuestionForm form;
  std::string target, queries, nxdomain, json;
  std::string type = "A";
  std::size_t hot = 0;
  pid_t server_pid = 0;
  bool once = false, no_edns = false, allow_remote = false;
};

int Fail(const std::string& message) {
  std::cerr << "sealload: " << message << "\n";
  return 1;
}

Result<Summary> ReadSummary(const std::string& path) {
  std::ifstream file(path);
  if (!file) return Error{"cannot read " + path};
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  auto summary = ParseSummary(text);
  if (!summary) return Error{path + " " + summary.error()};
  return summary;
}

// What is asked, in words, and how each thread gets its questions.
struct Questions {
  std::string words;
  SourceMaker maker;
};

Result<Questions> NamesThatDoNotExist(const RunOptions& options) {
  const auto zone = dns::Name::FromText(options.nxdomain);
  if (!zone) return Error{options.nxdomain + ": " + zone.error()};
  const auto type = dns::ParseRRType(options.type);
  if (!type) return Error{"no type '" + options.type + "'"};
  const std::uint64_t run = net::Random().U64();
  return Questions{"unique names below " + zone->ToText(),
                   [zone = *zone, type = *type, form = options.form, run](unsigned index) {
                     return Unique(zone, type, run + index, form);
                   }};
}

Result<Questions> QuestionsOfFile(const RunOptions& options) {
  auto read = QuestionList::Read(options.queries, options.form);
  if (!read) return Error{read.error()};
  const auto list = std::make_shared<const QuestionList>(std::move(*read));
  if (options.hot > 0) {
    const std::uint64_t seed = net::Random().U64();
    return Questions{
        std::to_string(std::min(options.hot, list->size())) + " hot questions",
        [list, hot = options.hot, seed](unsigned index) -> Result<std::unique_ptr<QuestionSource>> {
          return AtRandom(list, hot, seed + index);
        }};
  }
  return Questions{
      std::to_string(list->size()) + (options.once ? " questions once" : " questions in order"),
      [list, threads = options.plan.threads,
       once = options.once](unsigned index) -> Result<std::unique_ptr<QuestionSource>> {
        return InOrder(list, index, threads, once);
      }};
}

int Run(RunOptions& options) {
  const auto target = net::Endpoint::FromText(options.target);
  if (!target) return Fail(target.error());
  options.plan.target = *target;
  if (!options.allow_remote && !IsLocal(target->address)) {
    return Fail(options.target +
                " is neither loopback nor private; --allow-remote if it is yours to load");
  }
  options.form.edns = !options.no_edns;
  const auto questions =
      options.queries.empty() ? NamesThatDoNotExist(options) : QuestionsOfFile(options);
  if (!questions) return Fail(questions.error());

  const auto watched = [&]() -> Result<double> {
    return options.server_pid == 0 ? Result<double>(0.0) : ProcessCpuSeconds(options.server_pid);
  };
  const auto before = watched();
  if (!before) return Fail(before.error());
  const auto counts = RunLoad(options.plan, questions->maker, stop);
  if (!counts) return Fail(counts.error());
  const auto after = watched();
  if (!after) return Fail("the server has ended: " + after.error());

  Summary summary = Summarize(options.plan, questions->words, *counts);
  if (options.server_pid != 0 && counts->answered > 0) {
    summary.server_cpu_us = (*after - *before) * 1e6 / static_cast<double>(counts->answered);
  }
  std::cout << Report(summary);
  if (!options.json.empty()) {
    std::ofstream file(options.json);
    file << ToJson(summary);
    if (!file.flush()) return Fail("cannot write " + options.json);
  }
  return counts->answered > 0 ? 0 : Fail("no answer at all");
}

void AddRunOptions(CLI::App& run, RunOptions& o) {
  run.add_option("target", o.target, "ADDRESS:PORT of the server")->required();
  auto* queries = run.add_option("--queries", o.queries, "file with lines of NAME TYPE");
  auto* nxdomain =
      run.add_option("--nxdomain", o.nxdomain, "ask for names below this zone, each once");
  queries->excludes(nxdomain);
  run.add_option("--type", o.type, "type to ask for with --nxdomain")
      ->capture_default_str()
      ->needs(nxdomain);
  auto* hot =
      run.add_option("--hot", o.hot, "ask at random among the first N questions of the file")
          ->check(CLI::PositiveNumber)
          ->needs(queries);
  run.add_flag("--once", o.once, "end with the file instead of beginning anew")
      ->needs(queries)
      ->excludes(hot);
  auto* no_edns = run.add_flag("--no-edns", o.no_edns, "ask without an OPT record");
  run.add_flag("--do", o.form.dnssec_ok, "set DO: ask for signatures")->excludes(no_edns);
  run.add_flag("--co", o.form.compact_ok, "set CO: accept NXDOMAIN with compact denial (RFC 9824)")
      ->excludes(no_edns);
  run.add_option("--udp-size", o.form.udp_size, "largest reply to accept")
      ->check(CLI::Range(512, 65535))
      ->capture_default_str()
      ->excludes(no_edns);
  run.add_option("--rate", o.plan.rate,
                 "questions a second (open loop); without it, as fast as answers come")
      ->check(CLI::PositiveNumber);
  run.add_option("--seconds", o.plan.seconds, "how long")
      ->check(CLI::Range(0.1, 3600.0))
      ->capture_default_str();
  run.add_option("--count", o.plan.max_questions, "how many questions at most")
      ->check(CLI::PositiveNumber);
  run.add_option("--outstanding", o.plan.outstanding, "questions under way at most")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  run.add_option("--threads", o.plan.threads, "threads that ask")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  run.add_option("--sockets", o.plan.sockets, "sockets of each thread")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  run.add_option("--timeout", o.plan.timeout_ms, "milliseconds after which a question is lost")
      ->check(CLI::Range(10, 60'000))
      ->capture_default_str();
  run.add_option("--cpu", o.plan.first_cpu, "pin threads to this CPU and the following ones")
      ->check(CLI::NonNegativeNumber);
  run.add_option("--server-pid", o.server_pid,
                 "process of the server, to tell its CPU time per answer")
      ->check(CLI::PositiveNumber);
  run.add_option("--json", o.json, "write the run to this file");
  run.add_flag("--allow-remote", o.allow_remote,
               "load a server that is neither on loopback nor in private address space");
}

int Main(int argc, char** argv) {
  CLI::App app("Asks a name server under load and says how it fared");
  app.require_subcommand(1);
  RunOptions options;
  auto* run = app.add_subcommand("run", "ask, and show what came of it");
  AddRunOptions(*run, options);
  std::string first;
  std::string second;
  auto* report = app.add_subcommand("report", "show a run that was written with --json");
  report->add_option("run", first, "file")->required();
  auto* compare = app.add_subcommand("compare", "show two runs side by side");
  compare->add_option("a", first, "file")->required();
  compare->add_option("b", second, "file")->required();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }

  if (run->parsed()) {
    if (options.queries.empty() && options.nxdomain.empty()) {
      std::cerr << "sealload run: --queries or --nxdomain says what to ask\n";
      return 2;
    }
    for (const int signal : {SIGINT, SIGTERM}) {
      std::signal(signal, [](int) { stop.store(true, std::memory_order_relaxed); });
    }
    return Run(options);
  }
  const auto a = ReadSummary(first);
  if (!a) return Fail(a.error());
  if (report->parsed()) {
    std::cout << Report(*a);
    return 0;
  }
  const auto b = ReadSummary(second);
  if (!b) return Fail(b.error());
  std::cout << Compare(*a, *b);
  return 0;
}

}  // namespace
}  // namespace sealwire::load

int main(int argc, char** argv) {
  return sealwire::load::Main(argc, argv);
}
