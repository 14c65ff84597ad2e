// Threads for what blocks: HSM calls, looks at the parent, reading zone files.
//
// Work runs in one of the threads and returns what is to be done with its result, which runs in the
// control thread. Threading: Run() is called by the control thread. Ownership: what work captures
// must live until its completion ran, or is destroyed with the executor (its destructor waits for
// the work that runs; completions that did not run are dropped). Errors: none; work does not throw.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "net/event_loop.h"

namespace sealwire::control {

class Executor {
 public:
  using Completion = std::function<void()>;
  using Work = std::function<Completion()>;
  virtual ~Executor() = default;
  virtual void Run(Work work) = 0;
};

class ThreadExecutor : public Executor {
 public:
  // Completions are posted to `loop`, which must outlive the executor.
  ThreadExecutor(net::EventLoop& loop, int threads);
  ~ThreadExecutor() override;
  ThreadExecutor(const ThreadExecutor&) = delete;
  ThreadExecutor& operator=(const ThreadExecutor&) = delete;

  void Run(Work work) override;

 private:
  void Loop();

  net::EventLoop& loop_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Work> queue_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

// Runs work and completion at once, in the caller's thread: at start, before there is a loop.
class InlineExecutor : public Executor {
 public:
  void Run(Work work) override { work()(); }
};

}  // namespace sealwire::control
