#include "program/executor.h"

#include <chrono>
#include <cstring>

#include "core/parallel.h"
#include "cpu/cpu_backend.h"

namespace nodegrad {

namespace {

// How long the thread looks for the next task before it sleeps: waking it costs about as much as a small
// step.
constexpr auto kSpin = std::chrono::microseconds(50);

}  // namespace

std::shared_ptr<Executor> Executor::shared() {
  static std::mutex mutex;
  static std::weak_ptr<Executor> current;
  std::lock_guard<std::mutex> lock(mutex);
  std::shared_ptr<Executor> executor = current.lock();
  if (!executor) {
    executor.reset(new Executor());
    current = executor;
  }
  return executor;
}

Executor::Executor() : backend_(makeCpuBackend()), threads_(availableThreads()) {
  thread_ = std::thread([this] { loop(); });
}

Executor::~Executor() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  // The last owner may be a task that dies on the engine's thread itself.
  if (thread_.get_id() == std::this_thread::get_id())
    thread_.detach();
  else
    thread_.join();
}

void Executor::loop() {
  backend_->enter(threads_);
  std::deque<Task> tasks;
  for (;;) {
    {
      std::unique_lock<std::mutex> lock(mutex_);
      const auto deadline = std::chrono::steady_clock::now() + kSpin;
      while (queue_.empty() && !stopping_ && std::chrono::steady_clock::now() < deadline) {
        lock.unlock();
        __builtin_ia32_pause();
        lock.lock();
      }
      changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      tasks.swap(queue_);
    }
    for (Task& task : tasks) {
      task();
      task = nullptr;
    }
    tasks.clear();
  }
}

void Executor::submit(Task task) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    queue_.push_back(std::move(task));
  }
  changed_.notify_one();
}

void Executor::wait(const Task& task) {
  std::mutex mutex;
  std::condition_variable finished;
  bool done = false;
  submit([&] {
    task();
    std::lock_guard<std::mutex> lock(mutex);
    done = true;
    finished.notify_one();
  });
  std::unique_lock<std::mutex> lock(mutex);
  finished.wait(lock, [&] { return done; });
}

std::byte* Executor::arena(size_t bytes) {
  if (!arena_ || arena_->bytes() < bytes) {
    arena_.reset();  // before the new one, so that the two need not fit beside each other
    arena_ = Buffer::allocate(bytes);
  }
  return static_cast<std::byte*>(arena_->data());
}

void Executor::setThreads(int threads) {
  const int limit = availableThreads();
  if (threads < 1 || threads > limit)
    fail(ErrorCode::Argument, "expected a number of threads from 1 to ", limit, ", received ", threads);
  threads_ = threads;
  submit([this, threads] { backend_->enter(threads); });
}

void Executor::read(const Storage& storage, void* to) {
  if (storage.error) std::rethrow_exception(storage.error);
  backend_->toRowMajor(storage.type, storage.layout, storage.buffer->data(), to);
}

void Executor::write(Storage& storage, const void* from) {
  if (!storage.buffer) storage.buffer = Buffer::allocate(bytesOf(storage.type));
  storage.error = nullptr;
  backend_->fromRowMajor(storage.type, storage.layout, from, storage.buffer->data());
}

}  // namespace nodegrad
