#pragma once
#include <cuda_runtime.h>

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "core/buffer.h"
#include "device/refusal.h"

namespace nodegrad::cuda {

// Of memory that CUDA gives, in bytes.
constexpr size_t kMemoryAlignment = 256;

// The order in which the GPU does things: a stream, one for recordings, and a thread that waits for it.
// Buffers share it, since they may go after the backend.
class Queue {
 public:
  Queue();
  ~Queue();
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  // Where kernels and copies are queued: the recording's while there is one.
  cudaStream_t stream() const { return recorded_ ? recording_ : stream_; }
  // Where memory is taken and given back, and graphs run.
  cudaStream_t mainStream() const { return stream_; }

  // Where kernels write what they refuse.
  Refusal* refusal() const { return refusal_; }

  // What a recording uses has to live as long as that.
  using Kept = std::vector<std::shared_ptr<const void>>;
  void keep(const std::shared_ptr<const void>& used) {
    if (recorded_) recorded_->push_back(used);
  }
  // Records what body queues, without queueing it.
  cudaGraph_t capture(const std::function<void()>& body, Kept& kept);

  // Calls done, on another thread, when all that was queued is over, with what was refused or the GPU
  // reported.
  void whenDone(std::function<void(std::exception_ptr)> done);
  // Waits for all that is queued and ends the thread.
  void end();

 private:
  struct Waiting {
    cudaEvent_t event;  // null: the end
    Refusal* refusal;   // a copy
    std::function<void(std::exception_ptr)> done;
  };
  void push(Waiting waiting);
  Refusal* takeCopy();
  void stop();
  void loop();

  int device_ = 0;
  cudaStream_t stream_ = nullptr, recording_ = nullptr;
  Kept* recorded_ = nullptr;
  Refusal* refusal_ = nullptr;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Waiting> waiting_;
  std::vector<Refusal*> copies_;  // of the host, which nobody waits for
  std::thread thread_;            // last: it uses all of the above
};

// Memory of the GPU, which is given back in the order of the queue.
class DeviceBuffer : public Buffer {
 public:
  // Fails with OUT_OF_MEMORY.
  DeviceBuffer(std::shared_ptr<Queue> queue, size_t bytes, Backend* owner);
  ~DeviceBuffer() override;

 private:
  std::shared_ptr<Queue> queue_;
};

}  // namespace nodegrad::cuda
