#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "backend.h"
#include "core/storage.h"

namespace nodegrad {

// One device's engine thread: it owns the OpenMP team and the arena, and runs what is queued, in order.
// Shared by every environment of the process, so that worker threads do not oversubscribe the machine.
class Executor {
 public:
  static std::shared_ptr<Executor> shared();
  ~Executor();  // finishes what is queued

  using Task = std::function<void()>;
  // Queues a task. A task must not throw.
  void submit(Task task);
  // Queues a task and waits for its end. Must not be called by a task.
  void wait(const Task& task);

  Backend& backend() { return *backend_; }
  // Scratch memory of at least bytes that lives until the next, larger demand. Only for tasks.
  std::byte* arena(size_t bytes);
  int threads() const { return threads_; }
  // Queues a change of the team's size.
  void setThreads(int threads);

  // A row-major copy of the storage's numbers into to; rethrows the error of the run that should have made
  // them. Only for tasks.
  void read(const Storage& storage, void* to);
  // Overwrites the storage's numbers, keeping its layout. Only for tasks.
  void write(Storage& storage, const void* from);

 private:
  Executor();
  void loop();

  std::unique_ptr<Backend> backend_;
  int threads_;
  std::shared_ptr<Buffer> arena_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> queue_;
  bool stopping_ = false;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace nodegrad
