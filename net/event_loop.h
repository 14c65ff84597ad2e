// One thread's event loop: timers, descriptors, signals, and functions posted from other threads.
// The only door to libevent, whose types do not leave this folder.
//
// Threading: everything belongs to the thread that calls Run(), except Post() and Stop(), which any
// thread may call. Timers, watches and signals may be destroyed inside their own callback, and must
// be destroyed before their loop. Ownership: callbacks are owned by what runs them.
// Errors: set-up gives Result; a callback must not throw.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "dns/result.h"

struct event_base;  // libevent

namespace sealwire::net {

class EventLoop {
 public:
  static Result<std::unique_ptr<EventLoop>> Create();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Runs callbacks until Stop(). A Stop() that came before Run() counts.
  void Run();
  // Runs what is ready, waiting at most `wait` for the first event: for tests, and for a thread
  // that has a loop of its own.
  void RunOnce(std::chrono::milliseconds wait);

  // Any thread: ends Run() after the callbacks that are running now.
  void Stop();
  // Any thread: runs `work` in the loop's thread, in the order of posting. Work that was posted and
  // not run is dropped with the loop. Allocates and locks: not for packets.
  void Post(std::function<void()> work);

  // True in the thread that is inside Run() or RunOnce().
  bool InLoop() const noexcept;

  event_base* base() const noexcept;  // for net/ alone

 private:
  class Impl;
  explicit EventLoop(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Calls back once after a delay, or again and again.
class Timer {
 public:
  Timer(EventLoop& loop, std::function<void()> callback);
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // A timer that runs already is set anew.
  void Start(std::chrono::microseconds delay);
  void StartEvery(std::chrono::microseconds interval);
  void Stop();
  bool running() const noexcept;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

// Calls back while a descriptor is ready (level-triggered). The descriptor is borrowed and must
// stay open for as long as it is watched.
class FdWatch {
 public:
  struct Ready {
    bool readable = false;  // or at its end, or failed: a read tells
    bool writable = false;
  };

  FdWatch(EventLoop& loop, int fd, std::function<void(Ready)> callback);
  ~FdWatch();
  FdWatch(const FdWatch&) = delete;
  FdWatch& operator=(const FdWatch&) = delete;

  // What is waited for; neither stops. False when the kernel refused (out of memory or of watches):
  // nothing is watched then.
  bool Watch(bool readable, bool writable) noexcept;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

// Calls back in the loop's thread when the process got the signal. One loop of a process at a time
// may watch signals.
class SignalWatch {
 public:
  SignalWatch(EventLoop& loop, int signal_number, std::function<void()> callback);
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace sealwire::net
