#include "program/executor.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <future>
#include <iterator>
#include <system_error>
#include <vector>

#include "devices/devices.h"
#include "host/buffer.h"
#include "host/parallel.h"
#include "host/pause.h"

namespace nodegrad {

namespace {

// How long the thread looks for the next task before it sleeps: waking it costs about as much as a small
// step.
constexpr auto kSpin = std::chrono::microseconds(50);
// Some 30 MB of tasks.
constexpr size_t kMostQueued = 1 << 16;

void copyBytes(const void* from, void* to, size_t bytes) {
  if (bytes > 0) std::memcpy(to, from, bytes);  // no memory for none
}

}  // namespace

std::shared_ptr<Executor> Executor::shared() {
  static const auto* executor = new std::shared_ptr<Executor>(new Executor());
  return *executor;
}

Executor::Executor() : threads_(defaultThreads()) {
  const DeviceKind& kind = deviceKinds()[0];
  devices_.push_back({kind.name, kind.make(), nullptr});
  try {
    thread_ = std::thread([this] { loop(); });
  } catch (const std::system_error& error) {
    fail(ErrorCode::Device, "expected to start the engine's thread, received '", error.what(),
         "': let the process have more threads (ulimit -u, the container's limit of processes)");
  }
  wait([this] { threads_ = devices_[0].backend->enter(threads_); });
}

Executor::Device& Executor::device(const std::string& name) {
  if (Device* known = findDevice(name)) return *known;
  std::string names;
  for (const DeviceKind& kind : deviceKinds()) {
    names += (names.empty() ? "'" : " or '") + kind.name + "'";
    if (kind.name == name) return open(name, kind.make);
  }
  fail(ErrorCode::Device, "expected the device ", names, ", received '", name, "'");
}

Executor::Device& Executor::open(const std::string& name,
                                 const std::function<std::unique_ptr<Backend>()>& make) {
  const std::lock_guard<std::mutex> opening(opening_);
  if (Device* known = findDevice(name)) return *known;
  Device opened{name, make(), nullptr};
  wait([&] { opened.backend->enter(threads_); });
  const std::lock_guard<std::mutex> listing(listing_);
  return devices_.emplace_back(std::move(opened));
}

Executor::Device* Executor::findDevice(const std::string& name) {
  for (Device* known : devices())
    if (name.empty() || known->name == name) return known;
  return nullptr;
}

std::vector<Executor::Device*> Executor::devices() {
  const std::lock_guard<std::mutex> lock(listing_);
  std::vector<Device*> all;
  for (Device& device : devices_) all.push_back(&device);
  return all;
}

void Executor::loop() {
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    const auto deadline = std::chrono::steady_clock::now() + kSpin;
    while (queue_.empty() && std::chrono::steady_clock::now() < deadline) {
      lock.unlock();
      pauseProcessor();
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
  if (running_ != std::thread::id()) {
    cancelled_ = true;
    finished_.wait(lock, [&] { return running_ == std::thread::id(); });
  }
  forDevices(&Backend::end);  // the engine's thread calls them no more
}

void Executor::forDevices(void (Backend::*wait)()) {
  for (const Device* device : devices()) {
    try {
      (device->backend.get()->*wait)();
    } catch (const std::exception&) {
      // Whoever waits for that has been told.
    }
  }
}

void Executor::drain() {
  wait([this] { forDevices(&Backend::finish); });
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

void Executor::waitFor(const std::function<void(Done done)>& task) {
  const auto over = std::make_shared<std::promise<std::exception_ptr>>();
  submit([&task, over] { task([over](std::exception_ptr error) { over->set_value(std::move(error)); }); });
  if (const std::exception_ptr error = over->get_future().get()) std::rethrow_exception(error);
}

std::byte* Executor::arena(Device& device, size_t bytes) {
  std::shared_ptr<Buffer>& arena = device.arena;
  if (!arena || arena->bytes() < bytes) {
    arena.reset();  // before the new one, so that the two need not fit next to each other
    arena = device.backend->allocateArena(bytes);
  } else {
    arena->reuse();
  }
  return static_cast<std::byte*>(arena->data());
}

void Executor::setThreads(int threads) {
  const int limit = availableThreads();
  if (threads < 1 || threads > limit)
    fail(ErrorCode::Argument, "expected a number of threads from 1 to ", limit, ", received ", threads);
  threads_ = threads;
  submit([this, threads] {
    // The first one's kernels run on the team.
    for (Device* device : devices()) {
      const int given = device->backend->enter(threads);
      if (device == &devices_[0]) threads_ = given;
    }
  });
}

void Executor::read(const Storage& storage, void* to, Done done) {
  const std::shared_ptr<Outcome> outcome = storage.outcome;
  const auto failure = [=] { return outcome ? outcome->error() : nullptr; };
  try {
    // Without a buffer the run is over as far as this thread goes.
    const bool known = !storage.buffer || (outcome && outcome->isKnown());
    if (const std::exception_ptr error = known ? failure() : nullptr) std::rethrow_exception(error);
    if (Backend* owner = storage.buffer->owner()) {
      owner->toRowMajor(storage.type, storage.layout, storage.buffer->data(), to);
      owner->whenDone([=, done = std::move(done)](std::exception_ptr error) {
        const std::exception_ptr first = failure();
        done(first ? first : std::move(error));
      });
      return;
    }
    copyBytes(storage.buffer->data(), to, bytesOf(storage.type));
  } catch (...) {
    return done(std::current_exception());
  }
  done(nullptr);
}

void Executor::write(Storage& storage, const void* from) {
  if (!storage.buffer) storage.buffer = allocateHost(bytesOf(storage.type));
  storage.outcome = nullptr;
  ++storage.version;
  if (Backend* owner = storage.buffer->owner())
    owner->fromRowMajor(storage.type, storage.layout, from, storage.buffer->data());
  else
    copyBytes(from, storage.buffer->data(), bytesOf(storage.type));
}

}  // namespace nodegrad
