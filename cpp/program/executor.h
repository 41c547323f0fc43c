#pragma once
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "backend.h"
#include "core/storage.h"

namespace nodegrad {

// The engine's thread: it owns the OpenMP team and the devices, and runs what is queued, in order. Shared by
// every environment of the process, so that worker threads do not oversubscribe the machine.
class Executor {
 public:
  // A backend with its arena.
  struct Device {
    std::string name;
    std::unique_ptr<Backend> backend;
    std::shared_ptr<Buffer> arena;
  };
  using Done = std::function<void(std::exception_ptr error)>;

  // Made at the first call, never destroyed: its thread outlives whoever queued the last task. Fails with
  // DEVICE where the system does not let the process start that thread.
  static std::shared_ptr<Executor> shared();

  using Task = std::function<void()>;
  // Queues a task. A task must not throw. Waits while very many are queued: a loop without awaits would fill
  // the memory with them. Not for tasks.
  void submit(Task task);
  // Queues a task and waits for its end. Must not be called by a task.
  void wait(const Task& task);
  // Drops what the calling thread has queued and waits for the end of its running task: for the end of a
  // JavaScript environment, after which nothing of it may run.
  void cancel();
  // Waits for the end of the running task, whoever queued it, and runs none after it: for the end of the
  // process, which destroys what tasks use.
  void stop();
  // Whether the running task is to end early. Only for tasks.
  bool cancelled() const { return cancelled_; }

  // Queues a task that calls done, then or later, on any thread, and waits for that; throws the error. Not
  // for tasks.
  void waitFor(const std::function<void(Done done)>& task);
  // Waits until all that is queued is over, here and on the devices. Not for tasks.
  void drain();

  // The device of a name, opened at the first call; the first of all kinds for "". Fails with DEVICE where
  // there is none or it does not work. Not for tasks.
  Device& device(const std::string& name = "");
  // Opens a device that is in no table, unless one of this name is open. Not for tasks.
  Device& open(const std::string& name, const std::function<std::unique_ptr<Backend>()>& make);
  // Those that are open.
  std::vector<Device*> devices();
  Backend& backend(const std::string& device = "") { return *this->device(device).backend; }
  // Scratch memory of at least bytes that lives until the next, larger demand. Only for tasks.
  static std::byte* arena(Device& device, size_t bytes);
  // The size of the team. After setThreads it is the one wanted until the team is made.
  int threads() const { return threads_; }
  // Queues a change of the team's size. Fails with ARGUMENT beyond availableThreads().
  void setThreads(int threads);

  // Queues a row-major copy of the storage's numbers into `to`. Calls done, on any thread, when it is there,
  // with the error of the run that should have made them. Only for tasks.
  void read(const Storage& storage, void* to, Done done);
  // Queues an overwrite of the storage's numbers, which keep their layout. Only for tasks.
  void write(Storage& storage, const void* from);

 private:
  struct Item {
    Task task;
    std::thread::id owner;
  };
  Executor();
  void loop();
  Device* findDevice(const std::string& name);
  // Waits for all devices, by finish or end.
  void forDevices(void (Backend::*wait)());

  std::mutex opening_, listing_;
  std::deque<Device> devices_;  // they stay where they are
  std::atomic<int> threads_{1};
  std::mutex mutex_;
  std::condition_variable changed_, finished_, shorter_;
  std::deque<Item> queue_;
  std::thread::id running_;  // who queued the running task
  std::atomic<bool> cancelled_{false};
  bool stopped_ = false;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace nodegrad
