#include "lagging_backend.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <iterator>
#include <map>
#include <mutex>
#include <random>
#include <system_error>
#include <thread>
#include <utility>

#include "host/memory.h"

namespace nodegrad::testing {

namespace {

// The queue lets the engine run ahead so far, and with so much from the host on its way.
constexpr size_t kMostTasks = 256, kMostUploads = 4;
// One task in so many waits, up to so long; of the later ones fewer, so that long runs end.
constexpr unsigned kDelayed = 8, kLaterDelayed = 256;
constexpr size_t kEarlyTasks = 1 << 13;
constexpr std::chrono::microseconds kLongestDelay{100};

// The device's memory: one file in memory that is mapped twice, without access for those who have its
// addresses, and a second time for the thread that computes.
class Space {
 public:
  Space() : file_(memfd_create("nodegrad-lagging", MFD_CLOEXEC)) {
    if (file_ < 0 || ftruncate(file_, static_cast<off_t>(kBytes)) != 0) refuse();
    outside_ = map(PROT_NONE);
    inside_ = map(PROT_READ | PROT_WRITE);
    free_[0] = kBytes;
  }
  ~Space() {
    munmap(outside_, kBytes);
    munmap(inside_, kBytes);
    close(file_);
  }
  Space(const Space&) = delete;
  Space& operator=(const Space&) = delete;

  void* take(size_t bytes) {
    const size_t size = sizeOf(bytes);
    const std::lock_guard<std::mutex> lock(mutex_);
    auto range = free_.begin();
    while (range != free_.end() && range->second < size) ++range;
    if (range == free_.end())
      fail(ErrorCode::OutOfMemory, "expected room for ", bytes, " bytes on the device");
    const auto [begin, length] = *range;
    free_.erase(range);
    if (length > size) free_[begin + size] = length - size;
    return outside_ + begin;
  }

  void giveBack(void* data, size_t bytes) {
    auto begin = static_cast<size_t>(static_cast<std::byte*>(data) - outside_);
    size_t size = sizeOf(bytes);
    // Whoever still reads it shall notice.
    if (size < kPage)
      std::memset(inside_ + begin, 0xfb, size);
    else
      fallocate(file_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(begin),
                static_cast<off_t>(size));
    const std::lock_guard<std::mutex> lock(mutex_);
    auto next = free_.lower_bound(begin);
    if (next != free_.end() && next->first == begin + size) {
      size += next->second;
      next = free_.erase(next);
    }
    if (next != free_.begin() && std::prev(next)->first + std::prev(next)->second == begin)
      std::prev(next)->second += size;
    else
      free_[begin] = size;
  }

  // The computing thread's address for one that was given out.
  void* inside(const void* address) const {
    if (!address) return nullptr;
    const auto* given = static_cast<const std::byte*>(address);
    if (given < outside_ || given >= outside_ + kBytes)
      fail(ErrorCode::Internal, "expected an address of the device, received one of the host");
    return inside_ + (given - outside_);
  }

 private:
  static constexpr size_t kBytes = size_t{1} << 38, kLine = 64, kPage = size_t{64} << 10;

  // Large ones in whole pages, which can be given back to the system.
  static size_t sizeOf(size_t bytes) {
    const size_t unit = bytes < kPage / 2 ? kLine : kPage;
    return std::max((bytes + unit - 1) / unit * unit, kLine);
  }
  [[noreturn]] static void refuse() { fail(ErrorCode::Device, "expected a system with files in memory"); }
  std::byte* map(int access) const {
    void* made = mmap(nullptr, kBytes, access, MAP_SHARED | MAP_NORESERVE, file_, 0);
    if (made == MAP_FAILED) refuse();
    return static_cast<std::byte*>(made);
  }

  int file_;
  std::byte* outside_ = nullptr;
  std::byte* inside_ = nullptr;
  std::mutex mutex_;
  std::map<size_t, size_t> free_;  // the size of each range by its begin
};

using Task = std::function<void()>;

// The thread that computes, with what waits for it.
class Queue {
 public:
  Queue() {
    try {
      thread_ = std::thread([this] { loop(); });
    } catch (const std::system_error& error) {
      fail(ErrorCode::Device, "expected to start the device's thread, received '", error.what(), "'");
    }
  }
  ~Queue() { stop(); }
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  // Ends the thread after all that is queued; what comes later is dropped.
  void stop() {
    if (!thread_.joinable()) return;
    push(nullptr);
    thread_.join();
  }

  // Queues a task; waits while very many are queued.
  void push(Task task) {
    std::unique_lock<std::mutex> lock(mutex_);
    shorter_.wait(lock, [this] { return tasks_.size() < kMostTasks; });
    add(std::move(task));
  }
  // The same for any thread, which must not wait.
  void pushNow(Task task) {
    const std::lock_guard<std::mutex> lock(mutex_);
    add(std::move(task));
  }
  // A task that brings something from the host.
  void pushUpload(Task task) {
    std::unique_lock<std::mutex> lock(mutex_);
    shorter_.wait(lock, [this] { return uploads_ < kMostUploads; });
    ++uploads_;
    add([this, task = std::move(task)] {
      task();
      const std::lock_guard<std::mutex> done(mutex_);
      --uploads_;
      shorter_.notify_all();
    });
  }
  // Runs something there before all that is queued, and gives what it gives.
  template <class Body>
  auto ask(Body&& body) -> decltype(body()) {
    std::packaged_task<decltype(body())()> task(std::forward<Body>(body));
    auto answer = task.get_future();
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      asked_.push_back([&task] { task(); });
    }
    changed_.notify_one();
    return answer.get();
  }

  // What a task refused first, since the last call. Only for tasks.
  std::exception_ptr takeRefusal() { return std::exchange(refused_, nullptr); }
  bool hasRefused() const { return refused_ != nullptr; }

 private:
  void add(Task task) {
    if (stopped_) return;
    stopped_ = !task;
    tasks_.push_back(std::move(task));
    changed_.notify_one();
  }

  void loop() {
    for (;;) {
      Task task;
      bool ordered = false;
      {
        std::unique_lock<std::mutex> lock(mutex_);
        changed_.wait(lock, [this] { return !asked_.empty() || !tasks_.empty(); });
        ordered = asked_.empty();
        std::deque<Task>& from = ordered ? tasks_ : asked_;
        task = std::move(from.front());
        from.pop_front();
        shorter_.notify_all();
      }
      if (!task) return;
      if (ordered && random_() % (++tasksDone_ < kEarlyTasks ? kDelayed : kLaterDelayed) == 0)
        std::this_thread::sleep_for(kLongestDelay * (random_() % 8) / 8);
      try {
        task();
      } catch (...) {
        if (!refused_) refused_ = std::current_exception();
      }
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_, shorter_;
  std::deque<Task> tasks_, asked_;
  bool stopped_ = false;
  size_t uploads_ = 0, tasksDone_ = 0;
  std::mt19937 random_{1};
  std::exception_ptr refused_;
  std::thread thread_;  // last: it uses all of the above
};

// What buffers share with the device that they outlive.
struct Device {
  Space space;
  Queue queue;
};
using DevicePtr = std::shared_ptr<Device>;

class LaggingBuffer : public Buffer {
 public:
  LaggingBuffer(DevicePtr device, size_t bytes, Backend* place)
      : Buffer(device->space.take(bytes), bytes, place), device_(std::move(device)) {}
  ~LaggingBuffer() override {
    Space& space = device_->space;
    device_->queue.pushNow([&space, data = data(), bytes = bytes()] { space.giveBack(data, bytes); });
  }

 private:
  DevicePtr device_;
};

using TaskList = std::vector<Task>;

class LaggingRecording : public Recording {
 public:
  LaggingRecording(Queue& queue, TaskList tasks)
      : queue_(queue), tasks_(std::make_shared<const TaskList>(std::move(tasks))) {}
  void run() override {
    for (size_t i = 0; i < tasks_->size(); ++i) queue_.push([tasks = tasks_, i] { (*tasks)[i](); });
  }

 private:
  Queue& queue_;
  std::shared_ptr<const TaskList> tasks_;
};

class LaggingClock : public Clock {
 public:
  LaggingClock(Queue& queue, std::shared_ptr<Clock> inner) : queue_(queue), inner_(std::move(inner)) {}
  void lap() override {
    queue_.push([inner = inner_] { inner->lap(); });
  }
  std::vector<double> milliseconds() override {
    std::promise<std::vector<double>> times;
    queue_.push([&] { times.set_value(inner_->milliseconds()); });
    return times.get_future().get();
  }

 private:
  Queue& queue_;
  std::shared_ptr<Clock> inner_;
};

class LaggingBackend : public Backend {
 public:
  explicit LaggingBackend(std::unique_ptr<Backend> inner)
      : inner_(std::move(inner)), device_(std::make_shared<Device>()) {}

  std::string name() const override { return inner_->name(); }
  std::string architecture() const override { return inner_->architecture(); }
  Habits habits() const override { return inner_->habits(); }
  bool hasBfloat16() const override { return inner_->hasBfloat16(); }
  // What a kernel is made for may depend on the thread's team.
  PrecisionChoice precisions(const KernelSpec& spec) const override {
    return queue().ask([&] { return inner_->precisions(spec); });
  }
  LayoutChoice layouts(const KernelSpec& spec, const std::vector<bool>& undecided) override {
    return queue().ask([&] { return inner_->layouts(spec, undecided); });
  }
  bool supports(const KernelSpec& spec) const override {
    return queue().ask([&] { return inner_->supports(spec); });
  }
  bool inPlace(const KernelSpec& spec, size_t output, size_t input) const override {
    return queue().ask([&] { return inner_->inPlace(spec, output, input); });
  }
  std::unique_ptr<Kernel> kernel(const KernelSpec& spec) override;
  int enter(int threads) override {
    return queue().ask([&] { return inner_->enter(threads); });
  }

  std::shared_ptr<Buffer> allocate(size_t bytes) override {
    expectNoRecording("an allocation");
    claimMemory(bytes);
    return std::make_shared<LaggingBuffer>(device_, bytes, this);
  }
  size_t residentBytes() const override { return size_t{1} << 20; }
  Reservation reserve(size_t bytes) override { return reserveMemory(bytes); }

  void copy(const void* from, void* to, size_t bytes) override {
    const void* source = space().inside(from);
    void* target = space().inside(to);
    add([this, source, target, bytes] {
      if (!queue().hasRefused()) inner_->copy(source, target, bytes);
    });
  }
  void toRowMajor(const TensorType& type, const LayoutPtr& layout, const void* from, void* host) override {
    expectNoRecording("a copy to the host");
    queue().push([this, type, layout, source = space().inside(from), host] {
      inner_->toRowMajor(type, layout, source, host);
    });
  }
  void fromRowMajor(const TensorType& type, const LayoutPtr& layout, const void* host, void* to) override {
    expectNoRecording("a copy from the host");
    const size_t bytes = bytesOf(type);
    void* staged = space().take(bytes);
    if (bytes) std::memcpy(space().inside(staged), host, bytes);
    queue().pushUpload([this, type, layout, staged, bytes, target = space().inside(to)] {
      inner_->fromRowMajor(type, layout, space().inside(staged), target);
      space().giveBack(staged, bytes);
    });
  }

  std::unique_ptr<Recording> record(const std::function<void()>& body) override {
    expectNoRecording("a second recording");
    TaskList tasks;
    recorded_ = &tasks;
    try {
      body();
    } catch (...) {
      recorded_ = nullptr;
      throw;
    }
    recorded_ = nullptr;
    return std::make_unique<LaggingRecording>(queue(), std::move(tasks));
  }
  std::unique_ptr<Clock> clock() override { return std::make_unique<LaggingClock>(queue(), inner_->clock()); }
  void whenDone(std::function<void(std::exception_ptr)> done) override {
    expectNoRecording("a wait");
    queue().push([this, done = std::move(done)] { done(queue().takeRefusal()); });
  }

  void end() override {
    queue().stop();
    if (const std::exception_ptr refused = queue().takeRefusal()) std::rethrow_exception(refused);
  }

  Space& space() const { return device_->space; }
  Queue& queue() const { return device_->queue; }
  // Queues what a recording may hold.
  void add(const Task& task) {
    if (recorded_) recorded_->push_back(task);
    queue().push(task);
  }

 private:
  void expectNoRecording(const char* received) const {
    if (recorded_)
      fail(ErrorCode::Internal, "expected kernels and copies in a recording, received ", received);
  }

  std::unique_ptr<Backend> inner_;
  DevicePtr device_;
  TaskList* recorded_ = nullptr;
};

class LaggingKernel : public Kernel {
 public:
  LaggingKernel(LaggingBackend& backend, std::shared_ptr<Kernel> inner, const KernelSpec& spec,
                bool mayWriteOver)
      : backend_(backend),
        inner_(std::move(inner)),
        inputs_(spec.inputs.size()),
        outputs_(spec.outputs.size()),
        mayWriteOver_(mayWriteOver) {}

  std::string implementation() const override { return inner_->implementation(); }
  size_t scratchBytes() const override { return inner_->scratchBytes(); }

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    backend_.add([inner = inner_, skips = mayWriteOver_, &queue = backend_.queue(),
                  from = inside(inputs, inputs_), to = inside(outputs, outputs_),
                  rest = backend_.space().inside(scratch)] {
      if (!skips || !queue.hasRefused()) inner->run(from.data(), to.data(), rest);
    });
  }

 private:
  std::vector<void*> inside(const void* const* given, size_t count) const {
    std::vector<void*> addresses;
    for (size_t i = 0; i < count; ++i) addresses.push_back(backend_.space().inside(given[i]));
    return addresses;
  }

  LaggingBackend& backend_;
  std::shared_ptr<Kernel> inner_;
  size_t inputs_, outputs_;
  bool mayWriteOver_;
};

std::unique_ptr<Kernel> LaggingBackend::kernel(const KernelSpec& spec) {
  expectNoRecording("a new kernel");
  return queue().ask([&]() -> std::unique_ptr<Kernel> {
    bool mayWriteOver = false;
    for (size_t o = 0; o < spec.outputs.size(); ++o)
      for (size_t i = 0; i < spec.inputs.size(); ++i) mayWriteOver |= inner_->inPlace(spec, o, i);
    return std::make_unique<LaggingKernel>(*this, inner_->kernel(spec), spec, mayWriteOver);
  });
}

}  // namespace

std::unique_ptr<Backend> makeLaggingBackend(std::unique_ptr<Backend> inner) {
  return std::make_unique<LaggingBackend>(std::move(inner));
}

}  // namespace nodegrad::testing
