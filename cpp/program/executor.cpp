#include "program/executor.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <iterator>
#include <system_error>
#include <vector>

#include "core/parallel.h"
#include "cpu/cpu_backend.h"

namespace nodegrad {

namespace {

// How long the thread looks for the next task before it sleeps: waking it costs about as much as a small
// step.
constexpr auto kSpin = std::chrono::microseconds(50);
// Some 30 MB of tasks.
constexpr size_t kMostQueued = 1 << 16;

}  // namespace

std::shared_ptr<Executor> Executor::shared() {
  static const auto* executor = new std::shared_ptr<Executor>(new Executor());
  return *executor;
}

Executor::Executor() : backend_(makeCpuBackend()) {
  try {
    thread_ = std::thread([this] { loop(); });
  } catch (const std::system_error& error) {
    fail(ErrorCode::Device, "expected to start the engine's thread, received '", error.what(),
         "': let the process have more threads (ulimit -u, the container's limit of processes)");
  }
  wait([this] { threads_ = backend_->enter(defaultThreads()); });
}

void Executor::loop() {
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    const auto deadline = std::chrono::steady_clock::now() + kSpin;
    while (queue_.empty() && std::chrono::steady_clock::now() < deadline) {
      lock.unlock();
      __builtin_ia32_pause();
      lock.lock();
    }
    changed_.wait(lock, [this] { return !queue_.empty() && !stopped_; });
    {
      Item item = std::move(queue_.front());
      queue_.pop_front();
      if (queue_.size() + 1 == kMostQueued) shorter_.notify_all();
      running_ = item.owner;
      lock.unlock();
      item.task();
    }
    lock.lock();
    running_ = {};
    if (cancelled_) {
      cancelled_ = false;
      finished_.notify_all();
    }
  }
}

void Executor::submit(Task task) {
  {
    std::unique_lock<std::mutex> lock(mutex_);
    shorter_.wait(lock, [this] { return queue_.size() < kMostQueued; });
    queue_.push_back({std::move(task), std::this_thread::get_id()});
  }
  changed_.notify_one();
}

void Executor::cancel() {
  const std::thread::id self = std::this_thread::get_id();
  std::vector<Item> dropped;  // destroyed without the lock
  std::unique_lock<std::mutex> lock(mutex_);
  const auto own = std::stable_partition(queue_.begin(), queue_.end(),
                                         [&](const Item& item) { return item.owner != self; });
  std::move(own, queue_.end(), std::back_inserter(dropped));
  queue_.erase(own, queue_.end());
  shorter_.notify_all();
  if (running_ == self) {
    cancelled_ = true;
    finished_.wait(lock, [&] { return running_ != self; });
  }
  lock.unlock();
}

void Executor::stop() {
  std::unique_lock<std::mutex> lock(mutex_);
  stopped_ = true;
  if (running_ == std::thread::id()) return;
  cancelled_ = true;
  finished_.wait(lock, [&] { return running_ == std::thread::id(); });
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
    arena_ = Buffer::allocateQuickly(bytes);
  } else {
    arena_->enlargePages();
  }
  return static_cast<std::byte*>(arena_->data());
}

void Executor::setThreads(int threads) {
  const int limit = availableThreads();
  if (threads < 1 || threads > limit)
    fail(ErrorCode::Argument, "expected a number of threads from 1 to ", limit, ", received ", threads);
  threads_ = threads;
  submit([this, threads] { threads_ = backend_->enter(threads); });
}

void Executor::read(const Storage& storage, void* to) {
  if (storage.error) std::rethrow_exception(storage.error);
  backend_->toRowMajor(storage.type, storage.layout, storage.buffer->data(), to);
}

void Executor::write(Storage& storage, const void* from) {
  if (!storage.buffer) storage.buffer = Buffer::allocate(bytesOf(storage.type));
  storage.error = nullptr;
  ++storage.version;
  backend_->fromRowMajor(storage.type, storage.layout, from, storage.buffer->data());
}

}  // namespace nodegrad
