#include "net/event_loop.h"

#include <event2/event.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <new>
#include <thread>
#include <utility>
#include <vector>

#include "net/file_descriptor.h"

namespace sealwire::net {

namespace {

struct FreeBase {
  void operator()(event_base* base) const noexcept { event_base_free(base); }
};
struct FreeConfig {
  void operator()(event_config* config) const noexcept { event_config_free(config); }
};
struct FreeEvent {
  void operator()(event* e) const noexcept { event_free(e); }
};
using EventPtr = std::unique_ptr<event, FreeEvent>;

EventPtr NewEvent(EventLoop& loop, int fd, short what, event_callback_fn callback, void* argument) {
  EventPtr made(event_new(loop.base(), fd, what, callback, argument));
  if (!made) throw std::bad_alloc();
  return made;
}

timeval ToTimeval(std::chrono::microseconds duration) {
  timeval tv;
  tv.tv_sec = static_cast<decltype(tv.tv_sec)>(duration.count() / 1'000'000);
  tv.tv_usec = static_cast<decltype(tv.tv_usec)>(duration.count() % 1'000'000);
  return tv;
}

}  // namespace

class EventLoop::Impl {
 public:
  Impl(std::unique_ptr<event_base, FreeBase> made, FileDescriptor wake)
      : base(std::move(made)), wake_(std::move(wake)) {}

  bool WatchWake() {
    wake_event_.reset(event_new(base.get(), wake_.get(), EV_READ | EV_PERSIST, &OnWake, this));
    wait_event_.reset(event_new(
        base.get(), -1, 0, [](int, short, void*) {}, nullptr));
    return wake_event_ && wait_event_ && event_add(wake_event_.get(), nullptr) == 0;
  }

  void Post(std::function<void()> work) {
    {
      const std::lock_guard lock(mutex_);
      posted_.push_back(std::move(work));
    }
    Wake();
  }

  void Stop() {
    stop_.store(true);
    Wake();
  }

  void Loop(int flags) {
    thread_.store(std::this_thread::get_id());
    event_base_loop(base.get(), flags);
    thread_.store(std::thread::id());
  }

  void RunOnce(std::chrono::milliseconds wait) {
    if (wait.count() <= 0) return Loop(EVLOOP_ONCE | EVLOOP_NONBLOCK);
    const timeval tv = ToTimeval(wait);
    event_add(wait_event_.get(), &tv);
    Loop(EVLOOP_ONCE);
    event_del(wait_event_.get());
  }

  bool InLoop() const noexcept { return thread_.load() == std::this_thread::get_id(); }

  std::unique_ptr<event_base, FreeBase> base;

 private:
  void Wake() {
    // A full eventfd counter (EAGAIN) is readable as well, which is all that is wanted.
    const std::uint64_t one = 1;
    while (::write(wake_.get(), &one, sizeof one) < 0 && errno == EINTR) {
    }
  }

  static void OnWake(int fd, short, void* self_pointer) {
    auto* self = static_cast<Impl*>(self_pointer);
    std::uint64_t count = 0;
    if (::read(fd, &count, sizeof count) < 0 && errno != EAGAIN) return;
    std::vector<std::function<void()>> ready;
    {
      const std::lock_guard lock(self->mutex_);
      ready.swap(self->posted_);
    }
    for (auto& work : ready) work();
    if (self->stop_.exchange(false)) event_base_loopbreak(self->base.get());
  }

  FileDescriptor wake_;
  EventPtr wake_event_;
  EventPtr wait_event_;
  std::atomic<bool> stop_{false};
  std::atomic<std::thread::id> thread_{};
  std::mutex mutex_;
  std::vector<std::function<void()>> posted_;
};

Result<std::unique_ptr<EventLoop>> EventLoop::Create() {
  const std::unique_ptr<event_config, FreeConfig> config(event_config_new());
  if (!config) return Error{"cannot make an event loop: out of memory"};
  // One thread uses the loop: the locks that libevent could take are not needed.
  event_config_set_flag(config.get(), EVENT_BASE_FLAG_NOLOCK);
  std::unique_ptr<event_base, FreeBase> base(event_base_new_with_config(config.get()));
  FileDescriptor wake(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!base || !wake.open()) {
    return Error{std::string("cannot make an event loop: ") + std::strerror(errno)};
  }
  auto impl = std::make_unique<Impl>(std::move(base), std::move(wake));
  if (!impl->WatchWake()) return Error{"cannot make an event loop: its eventfd cannot be watched"};
  return std::unique_ptr<EventLoop>(new EventLoop(std::move(impl)));
}

EventLoop::EventLoop(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
EventLoop::~EventLoop() = default;
void EventLoop::Run() {
  impl_->Loop(EVLOOP_NO_EXIT_ON_EMPTY);
}
void EventLoop::RunOnce(std::chrono::milliseconds wait) {
  impl_->RunOnce(wait);
}
void EventLoop::Stop() {
  impl_->Stop();
}
void EventLoop::Post(std::function<void()> work) {
  impl_->Post(std::move(work));
}
bool EventLoop::InLoop() const noexcept {
  return impl_->InLoop();
}
event_base* EventLoop::base() const noexcept {
  return impl_->base.get();
}

// The Impl of a timer, a watch or a signal is kept alive through its own callback, which may
// destroy the object it belongs to.

class Timer::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(EventLoop& loop, std::function<void()> callback)
      : callback_(std::move(callback)), event_(NewEvent(loop, -1, 0, &OnTime, this)) {}

  void Start(std::chrono::microseconds delay, std::chrono::microseconds interval) {
    interval_ = interval;
    Arm(delay);
  }
  void Stop() {
    interval_ = {};
    event_del(event_.get());
  }
  bool running() const noexcept { return event_pending(event_.get(), EV_TIMEOUT, nullptr) != 0; }

 private:
  void Arm(std::chrono::microseconds delay) {
    const timeval tv = ToTimeval(delay);
    event_add(event_.get(), &tv);
  }
  static void OnTime(int, short, void* self_pointer) {
    const auto self = static_cast<Impl*>(self_pointer)->shared_from_this();
    if (self->interval_.count() > 0) self->Arm(self->interval_);
    self->callback_();
  }

  std::function<void()> callback_;
  std::chrono::microseconds interval_{};
  EventPtr event_;
};

Timer::Timer(EventLoop& loop, std::function<void()> callback)
    : impl_(std::make_shared<Impl>(loop, std::move(callback))) {}
Timer::~Timer() {
  impl_->Stop();
}
void Timer::Start(std::chrono::microseconds delay) {
  impl_->Start(delay, {});
}
void Timer::StartEvery(std::chrono::microseconds interval) {
  impl_->Start(interval, interval);
}
void Timer::Stop() {
  impl_->Stop();
}
bool Timer::running() const noexcept {
  return impl_->running();
}

class FdWatch::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(EventLoop& loop, int fd, std::function<void(Ready)> callback)
      : base_(loop.base()),
        fd_(fd),
        callback_(std::move(callback)),
        event_(NewEvent(loop, fd, EV_PERSIST, &OnReady, this)) {}

  bool Watch(short what) noexcept {
    if (what == what_) return true;
    event_del(event_.get());
    what_ = 0;
    if (what == 0) return true;
    if (event_assign(event_.get(), base_, fd_, static_cast<short>(what | EV_PERSIST), &OnReady,
                     this) != 0 ||
        event_add(event_.get(), nullptr) != 0) {
      return false;
    }
    what_ = what;
    return true;
  }

 private:
  static void OnReady(int, short what, void* self_pointer) {
    const auto self = static_cast<Impl*>(self_pointer)->shared_from_this();
    self->callback_({(what & EV_READ) != 0, (what & EV_WRITE) != 0});
  }

  event_base* base_;
  int fd_;
  short what_ = 0;
  std::function<void(Ready)> callback_;
  EventPtr event_;
};

FdWatch::FdWatch(EventLoop& loop, int fd, std::function<void(Ready)> callback)
    : impl_(std::make_shared<Impl>(loop, fd, std::move(callback))) {}
FdWatch::~FdWatch() {
  impl_->Watch(0);
}
bool FdWatch::Watch(bool readable, bool writable) noexcept {
  return impl_->Watch(static_cast<short>((readable ? EV_READ : 0) | (writable ? EV_WRITE : 0)));
}

class SignalWatch::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(EventLoop& loop, int signal_number, std::function<void()> callback)
      : callback_(std::move(callback)),
        event_(NewEvent(loop, signal_number, EV_SIGNAL | EV_PERSIST, &OnSignal, this)) {
    event_add(event_.get(), nullptr);
  }
  void Stop() { event_del(event_.get()); }

 private:
  static void OnSignal(int, short, void* self_pointer) {
    const auto self = static_cast<Impl*>(self_pointer)->shared_from_this();
    self->callback_();
  }

  std::function<void()> callback_;
  EventPtr event_;
};

SignalWatch::SignalWatch(EventLoop& loop, int signal_number, std::function<void()> callback)
    : impl_(std::make_shared<Impl>(loop, signal_number, std::move(callback))) {}
SignalWatch::~SignalWatch() {
  impl_->Stop();
}

}  // namespace sealwire::net
