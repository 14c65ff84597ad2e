#include "control/zone_probe.h"

#include <poll.h>
#include <unbound.h>

#include <cerrno>
#include <chrono>
#include <functional>
#include <memory>
#include <utility>

#include "dns/rr_type.h"
#include "net/random.h"

namespace sealwire::control {
namespace {

using State = ProbeVerdict::State;

constexpr auto kPatience = std::chrono::seconds(3);  // for one question
constexpr int kLookAtStopMs = 100;

struct ContextFree {
  void operator()(ub_ctx* context) const noexcept { ub_ctx_delete(context); }
};
using Context = std::unique_ptr<ub_ctx, ContextFree>;

struct ResultFree {
  void operator()(ub_result* result) const noexcept { ub_resolve_free(result); }
};

// What a question came to; filled by libunbound's callback.
struct Arrived {
  bool done = false;
  int error = 0;
  std::unique_ptr<ub_result, ResultFree> result;
};

void OnResult(void* to, int error, ub_result* result) {
  auto* arrived = static_cast<Arrived*>(to);
  arrived->done = true;
  arrived->error = error;
  arrived->result.reset(result);
}

// What a validator needs, kept small; the rest of the defaults are those of a resolver.
constexpr std::pair<const char*, const char*> kOptions[] = {
    {"do-not-query-localhost:", "no"}, {"module-config:", "validator iterator"},
    {"trust-anchor-signaling:", "no"}, {"qname-minimisation:", "no"},
    {"harden-algo-downgrade:", "yes"}, {"unblock-lan-zones:", "yes"},
    {"target-fetch-policy:", "0 0 0"}, {"num-queries-per-thread:", "16"},
    {"outgoing-range:", "16"},         {"msg-cache-size:", "64k"},
    {"rrset-cache-size:", "64k"},      {"key-cache-size:", "64k"},
    {"infra-cache-numhosts:", "16"}};

Context MakeContext(const ProbeOrder& order, const std::string& ds) {
  Context context(ub_ctx_create());
  if (!context) return {};
  for (const auto& [name, value] : kOptions) {
    if (ub_ctx_set_option(context.get(), name, value) != 0) return {};
  }
  const std::string apex = order.apex.ToText();
  const std::string anchor = apex + " IN DS " + ds;
  const std::string server =
      order.server.address.ToText() + "@" + std::to_string(order.server.port);
  // The root is the server's too, so that an alias that leaves the zone leads to nobody else. The
  // local zone, against what libunbound answers of names like "test" by itself, ends the setting
  // up.
  if (ub_ctx_set_stub(context.get(), apex.c_str(), server.c_str(), 0) != 0 ||
      (apex != "." && ub_ctx_set_stub(context.get(), ".", server.c_str(), 0) != 0) ||
      ub_ctx_add_ta(context.get(), anchor.c_str()) != 0 || ub_ctx_async(context.get(), 1) != 0 ||
      ub_ctx_zone_add(context.get(), apex.c_str(), "transparent") != 0) {
    return {};
  }
  return context;
}

ProbeVerdict Judge(const Arrived& arrived, const std::string& what) {
  if (!arrived.done) return {State::kUnknown, what + ": no answer in time"};
  if (arrived.error != 0 || arrived.result == nullptr) {
    return {State::kUnknown, what + ": " + ub_strerror(arrived.error)};
  }
  if (arrived.result->bogus) {
    const char* why = arrived.result->why_bogus;
    return {State::kBogus, why == nullptr ? what + ": bogus" : why};
  }
  if (!arrived.result->secure) return {State::kUnknown, what + ": no answer that was validated"};
  return {State::kSecure, ""};
}

class Asker {
 public:
  Asker(Context context, const std::atomic<bool>& stop)
      : context_(std::move(context)), stop_(stop) {}

  ProbeVerdict Ask(const std::string& name, dns::RRType type) {
    Arrived arrived;
    int id = 0;
    const std::string what = name + " " + dns::ToText(type);
    if (ub_resolve_async(context_.get(), name.c_str(), static_cast<int>(type), 1, &arrived,
                         OnResult, &id) != 0) {
      return {State::kUnknown, what + ": cannot be asked"};
    }
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (!arrived.done && !stop_ && std::chrono::steady_clock::now() < deadline) {
      pollfd answers{ub_fd(context_.get()), POLLIN, 0};
      if (::poll(&answers, 1, kLookAtStopMs) < 0 && errno != EINTR) break;
      if ((answers.revents & POLLIN) != 0 && ub_process(context_.get()) != 0) break;
    }
    if (!arrived.done) ub_cancel(context_.get(), id);  // the callback's target ends here
    return Judge(arrived, what);
  }

  // An address of a name that is not there, or that a wildcard stands for. If an alias leads out of
  // the zone, the alias alone.
  ProbeVerdict AskBelow(const std::string& parent) {
    const std::string name = "canary-" + std::to_string(random_.U64()) + "." + parent;
    ProbeVerdict verdict = Ask(name, dns::RRType::kA);
    return verdict.state == State::kUnknown && !stop_ ? Ask(name, dns::RRType::kCNAME) : verdict;
  }

 private:
  Context context_;
  const std::atomic<bool>& stop_;
  net::Random random_;
};

ProbeVerdict ProbeWith(const ProbeOrder& order, const std::string& ds,
                       const std::atomic<bool>& stop) {
  Context context = MakeContext(order, ds);
  if (!context) return {State::kUnknown, "libunbound could not be set up"};
  Asker asker(std::move(context), stop);
  const std::string apex = order.apex.ToText();
  const std::function<ProbeVerdict()> questions[] = {
      [&] { return asker.Ask(apex, dns::RRType::kDNSKEY); },
      [&] { return asker.Ask(apex, dns::RRType::kSOA); },
      [&] { return asker.AskBelow(apex == "." ? "" : apex); },
      [&] { return asker.Ask(apex, dns::RRType::kLOC); },
      [&] {
        return order.wildcard.empty() ? ProbeVerdict{State::kSecure, ""}
                                      : asker.AskBelow(order.wildcard);
      }};
  for (const auto& question : questions) {
    if (ProbeVerdict verdict = question(); verdict.state != State::kSecure) return verdict;
  }
  return {State::kSecure, ""};
}

}  // namespace

ProbeVerdict ProbeZone(const ProbeOrder& order, const std::atomic<bool>& stop) {
  ProbeVerdict worst{order.ds.empty() ? State::kUnknown : State::kSecure, ""};
  for (const std::string& ds : order.ds) {
    ProbeVerdict one = ProbeWith(order, ds, stop);
    if (one.state == State::kBogus) return {State::kBogus, one.why + " (with DS " + ds + ")"};
    if (one.state == State::kUnknown) worst = std::move(one);
  }
  return worst;
}

}  // namespace sealwire::control
