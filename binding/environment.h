#pragma once
#include <napi.h>

#include <exception>
#include <memory>
#include <mutex>
#include <vector>

#include "program/executor.h"

namespace nodegrad::binding {

struct TensorHandle;

// Something asynchronous that the engine or a device finishes and JavaScript's thread settles.
class Pending {
 public:
  virtual ~Pending() = default;
  // What the promise resolves to. Called on JavaScript's thread.
  virtual napi_value result(napi_env env);

  napi_deferred deferred = nullptr;
  std::exception_ptr error;  // the promise rejects with it where it is set
};

// All that the addon keeps for one JavaScript environment: the main thread's or a worker's. Handles and work
// in flight share it, for they may outlive the environment.
class Environment : public std::enable_shared_from_this<Environment> {
 public:
  // Lives at least until the JavaScript environment ends.
  static Environment* create(napi_env env, napi_value errorClass);

  Executor& executor() { return *executor_; }

  // A promise that pending will settle. It keeps the process alive until then.
  napi_value promise(napi_env env, Pending& pending);
  // Hands finished work to JavaScript's thread; dropped where the environment has ended. Any thread.
  void finish(std::shared_ptr<Pending> pending);

  // The EngineError that stands for a C++ exception; null where JavaScript can no longer run.
  napi_value errorFor(napi_env env, const std::exception_ptr& error);

  // Tells V8 of native memory that a handle holds (or, negative, no longer holds), so that it collects in
  // time.
  void adjustMemory(napi_env env, int64_t bytes);

  // The handles of tensors that are not disposed of.
  void add(TensorHandle& handle);
  void remove(TensorHandle& handle);
  size_t tensors() const { return tensors_.size(); }

  // Whether the tensors have taken so much of the room since the last reclaim that it is worth another.
  bool nearsLimit() const { return held_ > reclaimAt_; }
  // Frees the tensors that JavaScript has dropped, and waits until what is queued needs no others.
  void reclaim(napi_env env);

 private:
  static void onFinished(napi_env env, napi_value callback, void* context, void* data);
  static void onEnd(void* self);
  void settle(napi_env env);

  std::shared_ptr<Executor> executor_ = Executor::shared();
  Napi::FunctionReference errorClass_;
  napi_threadsafe_function wake_ = nullptr;
  size_t waiting_ = 0;  // promises that are not settled
  std::vector<TensorHandle*> tensors_;
  int64_t held_ = 0;  // their bytes, those to come included
  int64_t reclaimAt_ = 0;
  int64_t unreported_ = 0;  // bytes that V8 has not been told of
  bool ended_ = false;      // JavaScript's thread
  std::mutex mutex_;        // the members below
  bool closed_ = false;
  std::vector<std::shared_ptr<Pending>> finished_;
};

}  // namespace nodegrad::binding
