#include "keycache/hsm_supervisor.h"

#include <algorithm>
#include <utility>

namespace sealwire::keycache {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kPinPoll{500};
constexpr int kAttempts = 2;

std::int64_t WallSeconds() noexcept {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// Tells one state of a file from another without reading what is in it.
struct FileStamp {
  explicit FileStamp(const std::string& path) {
    struct stat info {};
    if (stat(path.c_str(), &info) != 0) return;
    inode = info.st_ino;
    changed = info.st_ctim;
  }
  ino_t inode = 0;
  timespec changed{};
  bool operator==(const FileStamp& other) const noexcept {
    return inode == other.inode && changed.tv_sec == other.changed.tv_sec &&
           changed.tv_nsec == other.changed.tv_nsec;
  }
};

}  // namespace

HsmSupervisor::HsmSupervisor(HsmOptions options)
    : options_(std::move(options)),
      backoff_(options_.backoff_min),
      jitter_(std::random_device{}()),
      thread_([this] { Run(); }) {}

HsmSupervisor::~HsmSupervisor() {
  {
    const Lock lock(mutex_);
    stopping_ = true;
    // Whoever waits for a reply gets the end of the stream instead.
    if (process_ != nullptr) process_->Kill();
  }
  changed_.notify_all();
  thread_.join();
}

void HsmSupervisor::Run() {
  Lock lock(mutex_);
  while (!stopping_) {
    StartProcess(lock);
    if (status_.state == HsmState::kUp) WatchProcess(lock);
    StopProcess(lock);
    if (stopping_) break;
    if (status_.state == HsmState::kWrongPin) {
      WaitForPinChange(lock);
    } else {
      PauseBeforeRestart(lock);
    }
  }
}

void HsmSupervisor::StartProcess(Lock& lock) {
  broken_ = false;
  status_.starts += 1;
  auto spawned = HsmProcess::Spawn(options_);
  if (!spawned) return Fail(spawned.error());
  process_ = std::move(spawned).value();
  status_.pid = process_->pid();

  HsmProcess& process = *process_;
  FrameBuffer buffer;
  lock.unlock();
  const bool spoke = process.ReceiveGreeting(buffer, Clock::now() + options_.start_deadline);
  lock.lock();
  const auto greeting = spoke ? ParseReply(buffer.frame()) : std::nullopt;
  if (!greeting) return Fail("the HSM process did not come up");
  if (greeting->status != HsmReplyStatus::kOk) {
    Fail(std::string(ReasonOf(*greeting)));
    if (greeting->status == HsmReplyStatus::kWrongPin) status_.state = HsmState::kWrongPin;
    return;
  }
  status_.state = HsmState::kUp;
  status_.up_since = WallSeconds();
  changed_.notify_all();
}

void HsmSupervisor::WatchProcess(Lock& lock) {
  const auto began = Clock::now();
  auto next_ping = began + options_.ping_interval;
  while (!stopping_ && !broken_) {
    changed_.wait_until(lock, next_ping, [this] { return stopping_ || broken_; });
    if (stopping_ || broken_ || Clock::now() < next_ping) continue;
    // Whoever is busy finds out by himself what a ping would tell.
    if (!busy_) Ping(lock);
    next_ping = Clock::now() + options_.ping_interval;
  }
  // A process that served for long is restarted at once; one that dies again and again is not.
  if (Clock::now() - began >= options_.backoff_max) backoff_ = options_.backoff_min;
}

bool HsmSupervisor::Ping(Lock& lock) {
  FrameBuffer buffer;
  return Attempt(lock, {}, buffer, Clock::now() + options_.call_deadline).has_value();
}

void HsmSupervisor::StopProcess(Lock& lock) {
  if (status_.state != HsmState::kWrongPin) status_.state = HsmState::kAway;
  status_.up_since = 0;
  if (process_ != nullptr) process_->Kill();
  changed_.wait(lock, [this] { return !busy_; });
  const auto dying = std::move(process_);
  status_.pid = 0;
  changed_.notify_all();
  lock.unlock();
  // Reaping may take a while.
  const_cast<std::unique_ptr<HsmProcess>&>(dying).reset();
  lock.lock();
}

void HsmSupervisor::WaitForPinChange(Lock& lock) {
  const FileStamp refused(options_.pin_file);
  while (!stopping_ && FileStamp(options_.pin_file) == refused) {
    changed_.wait_for(lock, kPinPoll, [this] { return stopping_; });
  }
  status_.state = HsmState::kStarting;
}

void HsmSupervisor::PauseBeforeRestart(Lock& lock) {
  const auto pause = backoff_ + milliseconds(jitter_() % (backoff_.count() / 4 + 1));
  backoff_ = std::min(backoff_ * 2, options_.backoff_max);
  changed_.wait_for(lock, pause, [this] { return stopping_; });
}

Result<HsmReply> HsmSupervisor::Call(HsmRequest request, FrameBuffer& buffer) {
  const Deadline deadline = Clock::now() + options_.call_deadline;
  Lock lock(mutex_);
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    changed_.wait_until(lock, deadline, [this] {
      return stopping_ || status_.state == HsmState::kWrongPin ||
             (status_.state == HsmState::kUp && !broken_ && !busy_);
    });
    if (stopping_ || status_.state != HsmState::kUp || broken_ || busy_) break;
    const auto reply = Attempt(lock, request, buffer, deadline);
    if (reply && reply->status == HsmReplyStatus::kRefused) {
      return Error{"the HSM process refused a request: " + std::string(ReasonOf(*reply))};
    }
    if (reply) return *reply;
  }
  status_.failures += 1;
  if (status_.state == HsmState::kUp && !broken_) return Error{"the HSM is busy"};
  std::string reason = "the HSM is away";
  if (!status_.last_error.empty()) reason += ": " + status_.last_error;
  return Error{reason};
}

std::optional<HsmReply> HsmSupervisor::Attempt(Lock& lock, HsmRequest request, FrameBuffer& buffer,
                                               Deadline deadline) {
  request.id = next_id_++;
  if (next_id_ == 0) next_id_ = 1;  // 0 is the greeting's
  busy_ = true;
  HsmProcess& process = *process_;
  lock.unlock();

  const auto began = Clock::now();
  FrameBuffer out_buffer;
  dns::Writer out(out_buffer.room());
  WriteRequest(request, out);
  out_buffer.Set(out.size());
  const bool answered =
      out.ok() && process.IsQuiet() && process.Exchange(out_buffer, buffer, deadline);
  auto reply = answered ? ParseReply(buffer.frame()) : std::nullopt;
  const auto now = Clock::now();

  lock.lock();
  busy_ = false;
  if (!answered) {
    Fail(now >= deadline ? "the HSM hangs: no answer in time" : "the HSM process died");
  } else if (!reply || reply->id != request.id ||
             (reply->status == HsmReplyStatus::kOk && reply->body.size() != BodySize(request.op)) ||
             reply->status == HsmReplyStatus::kWrongPin) {
    reply.reset();
    Fail("the HSM process gave a malformed answer");
  } else if (reply->status == HsmReplyStatus::kFailed) {
    Fail(std::string(ReasonOf(*reply)));
    reply.reset();
  } else {
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(now - began).count();
    status_.calls += 1;
    status_.last_us = static_cast<std::uint64_t>(took);
    status_.max_us = std::max(status_.max_us, status_.last_us);
    status_.total_us += status_.last_us;
  }
  changed_.notify_all();
  return reply;
}

void HsmSupervisor::Fail(const std::string& reason) {
  broken_ = true;
  status_.last_error = reason;
  status_.last_error_at = WallSeconds();
}

void HsmSupervisor::DistrustSignature(const std::string& reason) {
  const Lock lock(mutex_);
  status_.failures += 1;
  status_.wrong_signatures += 1;
  Fail(reason);
  changed_.notify_all();
}

bool HsmSupervisor::WaitUntilUp(milliseconds patience) {
  Lock lock(mutex_);
  changed_.wait_for(lock, patience, [this] {
    return stopping_ || status_.state == HsmState::kUp || status_.state == HsmState::kWrongPin;
  });
  return status_.state == HsmState::kUp;
}

HsmStatus HsmSupervisor::status() const {
  const Lock lock(mutex_);
  HsmStatus status = status_;
  status.token = options_.token;
  return status;
}

}  // namespace sealwire::keycache
