#pragma once
#include <napi.h>

#include <exception>
#include <memory>
#include <mutex>
#include <vector>

#include "program/executor.h"

namespace nodegrad::binding {

// Something asynchronous that the engine's thread finishes and JavaScript's thread settles.
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

  int64_t tensors = 0;  // live handles

 private:
  static void onFinished(napi_env env, napi_value callback, void* context, void* data);
  static void onEnd(void* self);
  void settle(napi_env env);

  std::shared_ptr<Executor> executor_ = Executor::shared();
  Napi::FunctionReference errorClass_;
  napi_threadsafe_function wake_ = nullptr;
  size_t waiting_ = 0;      // promises that are not settled
  int64_t unreported_ = 0;  // bytes that V8 has not been told of
  bool ended_ = false;      // JavaScript's thread
  std::mutex mutex_;        // the members below
  bool closed_ = false;
  std::vector<std::shared_ptr<Pending>> finished_;
};

}  // namespace nodegrad::binding
