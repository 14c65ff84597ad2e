#include "apps/load/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

namespace sealwire::load {
namespace {

constexpr int kBarWidth = 50;

std::string Duration(double us) {
  if (us < 1000) return fmt::format("{:.1f} µs", us);
  if (us < 1'000'000) return fmt::format("{:.2f} ms", us / 1000);
  return fmt::format("{:.2f} s", us / 1'000'000);
}

// Eighths of a column are enough to see a small step beside a large one.
std::string Bar(double share) {
  static constexpr const char* kEighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const int eighths = static_cast<int>(std::lround(share * kBarWidth * 8));
  std::string bar;
  for (int i = 0; i < eighths / 8; ++i) bar += "█";
  return bar + kEighths[eighths % 8];
}

// Latencies gathered in steps of a quarter of a power of two, from the first to the last that is
// not empty.
std::string LatencyHistogram(const Summary& s) {
  if (s.latency.empty()) return "";
  const auto step_of = [](double us) { return static_cast<int>(std::ceil(std::log2(us) * 4)); };
  const int first = step_of(s.latency.front().up_to_us);
  const int last = step_of(s.latency.back().up_to_us);
  std::vector<std::uint64_t> counts(static_cast<std::size_t>(last - first + 1));
  for (const auto& [up_to_us, count] : s.latency) {
    counts[static_cast<std::size_t>(step_of(up_to_us) - first)] += count;
  }
  const double most = static_cast<double>(*std::max_element(counts.begin(), counts.end()));
  std::string out = "\nlatency up to      answers\n";
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const double edge = std::exp2((first + static_cast<int>(i)) / 4.0);
    // The unit µ has two octets but one column.
    const std::string label = Duration(edge);
    const std::size_t extra = label.find("µ") == std::string::npos ? 0 : 1;
    out += fmt::format("{:>{}} {:>12}  {}\n", label, 13 + extra, counts[i],
                       Bar(static_cast<double>(counts[i]) / most));
  }
  return out;
}

std::string Rcodes(const Summary& s) {
  std::string out;
  for (const auto& [rcode, count] : s.rcodes) {
    out += fmt::format("{}{} {} ({:.2f} %)", out.empty() ? "" : ", ", rcode, count,
                       100.0 * static_cast<double>(count) / static_cast<double>(s.answered));
  }
  return out.empty() ? "none" : out;
}

// Lines that matter only when they are not zero.
std::string Troubles(const Summary& s) {
  std::string out;
  const auto line = [&](std::uint64_t count, const char* what) {
    if (count > 0) out += fmt::format("  {:<12} {} {}\n", "", count, what);
  };
  line(s.unsent,
       "were due but not sent: the load was more than this machine or the limit under way allows");
  line(s.unsendable, "were not taken by the kernel");
  line(s.refused, "times nobody listened at the target");
  line(s.unexpected, "replies came late or to no question");
  line(s.truncated, "replies were truncated");
  return out;
}

struct Row {
  const char* title;
  double Summary::*value;
};

constexpr Row kRows[] = {
    {"answers per second", &Summary::answers_per_second},
    {"reply, octets", &Summary::reply_octets},
    {"latency mean, µs", &Summary::mean_us},
    {"latency p50, µs", &Summary::p50_us},
    {"latency p90, µs", &Summary::p90_us},
    {"latency p99, µs", &Summary::p99_us},
    {"latency p99.9, µs", &Summary::p999_us},
    {"latency max, µs", &Summary::max_us},
};

std::string CompareRow(std::string_view title, double first, double second) {
  const std::size_t extra = title.find("µ") == std::string_view::npos ? 0 : 1;
  const std::string ratio = first > 0 ? fmt::format("{:.2f} ×", second / first) : "–";
  return fmt::format("{:<{}} {:>14.1f} {:>14.1f}   {}\n", title, 20 + extra, first, second, ratio);
}

}  // namespace

std::string Report(const Summary& s) {
  std::string out =
      fmt::format("{}: {}, {} loop, {:.1f} s\n\n", s.target, s.questions, s.loop, s.seconds);
  out += fmt::format(
      "  {:<12} {} sent, {} answered, {} lost ({:.3f} %)\n", "questions", s.sent, s.answered,
      s.lost, s.sent > 0 ? 100.0 * static_cast<double>(s.lost) / static_cast<double>(s.sent) : 0.0);
  out += Troubles(s);
  out += fmt::format("  {:<12} {:.0f} answers a second", "rate", s.answers_per_second);
  if (!s.per_second.empty()) {
    const auto [least, most] = std::minmax_element(s.per_second.begin(), s.per_second.end());
    out += fmt::format("; worst second {}, best {}", *least, *most);
  }
  out += fmt::format("\n  {:<12} {}\n", "rcodes", Rcodes(s));
  out += fmt::format("  {:<12} {:.0f} octets on average\n", "replies", s.reply_octets);
  if (s.server_cpu_us)
    out += fmt::format("  {:<12} {:.2f} µs of CPU per answer\n", "server", *s.server_cpu_us);
  if (s.answered > 0) {
    out += fmt::format("  {:<12} min {}, mean {}, p50 {}, p90 {}, p99 {}, p99.9 {}, max {}\n",
                       "latency", Duration(s.min_us), Duration(s.mean_us), Duration(s.p50_us),
                       Duration(s.p90_us), Duration(s.p99_us), Duration(s.p999_us),
                       Duration(s.max_us));
  }
  return out + LatencyHistogram(s);
}

std::string Compare(const Summary& first, const Summary& second) {
  std::string out = fmt::format("A: {}: {}, {} loop, {:.1f} s\nB: {}: {}, {} loop, {:.1f} s\n\n",
                                first.target, first.questions, first.loop, first.seconds,
                                second.target, second.questions, second.loop, second.seconds);
  out += fmt::format("{:<20} {:>14} {:>14}   {}\n", "", "A", "B", "B / A");
  for (const Row& row : kRows) out += CompareRow(row.title, first.*row.value, second.*row.value);
  if (first.server_cpu_us && second.server_cpu_us) {
    out += CompareRow("server CPU, µs", *first.server_cpu_us, *second.server_cpu_us);
  }
  const auto lost = [](const Summary& s) {
    return s.sent > 0 ? 1e6 * static_cast<double>(s.lost) / static_cast<double>(s.sent) : 0.0;
  };
  return out + CompareRow("lost per million", lost(first), lost(second));
}

}  // namespace sealwire::load
