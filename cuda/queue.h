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
#include "gpu.h"
#include "upload_ring.h"

namespace nodegrad::cuda {

// The order in which the GPU does things: a stream, one for recordings, and a thread that waits for it.
// Buffers share it, since they may go after the backend.
class Queue {
 public:
  explicit Queue(int gpu);
  ~Queue();
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  // Has the calls of CUDA that come next, by this thread, go to the queue's GPU.
  void use() const { useGpu(gpu_); }
  // Where kernels and copies are queued: the recording's while there is one. The GPU is in use then.
  cudaStream_t stream() const {
    use();
    return recorded_ ? recording_ : stream_;
  }
  // Where memory is taken and given back, and graphs run. The GPU is in use then.
  cudaStream_t mainStream() const {
    use();
    return stream_;
  }

  // Where kernels write what they refuse.
  Refusal* refusal() const { return refusal_; }

  // What a recording uses has to live as long as that.
  using Kept = std::vector<std::shared_ptr<const void>>;
  void keep(const std::shared_ptr<const void>& used) {
    if (recorded_) recorded_->push_back(used);
  }
  // Records what body queues, without queueing it.
  cudaGraph_t capture(const std::function<void()>& body, Kept& kept);

  // Queues a copy from the host, whose memory may change as soon as this returns.
  void upload(const void* host, void* to, size_t bytes) { uploads_.upload(host, to, bytes, mainStream()); }
  // Queues a copy to the host, which has it when the next whenDone calls.
  void download(const void* from, void* host, size_t bytes);
  // Calls done, on another thread, when all that was queued is over, with what was refused or the GPU
  // reported.
  void whenDone(std::function<void(std::exception_ptr)> done);
  // Waits for all that is queued and ends the thread.
  void end();

 private:
  // A small copy to the host, which goes by way of pinned memory: to other memory CUDA waits for it.
  struct Landing {
    std::byte* pinned;
    void* host;
    size_t bytes;
  };
  struct Waiting {
    cudaEvent_t event;  // null: the end
    Refusal* refusal;   // a copy
    std::vector<Landing> landings;
    std::function<void(std::exception_ptr)> done;
  };
  void push(Waiting waiting);
  Refusal* takeCopy();
  std::byte* takePinned();
  void stop();
  void loop();

  int gpu_;
  cudaStream_t stream_ = nullptr, recording_ = nullptr;
  Kept* recorded_ = nullptr;
  Refusal* refusal_ = nullptr;
  UploadRing uploads_;
  std::vector<Landing> landings_;  // since the last whenDone
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Waiting> waiting_;
  std::vector<Refusal*> copies_;    // of the host, which nobody waits for
  std::vector<std::byte*> pinned_;  // pieces that are free
  std::thread thread_;              // last: it uses all of the above
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
