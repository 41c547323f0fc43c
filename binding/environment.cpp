#include "environment.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "convert.h"
#include "handles.h"
#include "host/memory.h"

namespace nodegrad::binding {

namespace {

// V8 is told of changes in steps: the call costs more than a small tensor.
constexpr int64_t kReportStep = 64 << 10;
// Beyond any heap.
constexpr int64_t kPressure = int64_t{1} << 50;
// What a tensor takes besides its numbers: JavaScript's objects, ours, the references between them.
constexpr int64_t kHandleBytes = 1024;
// Dropped tensors may take this part of the room, but some megabytes at least, before they are looked for.
constexpr size_t kReclaimPart = 4, kLeastReclaim = size_t{16} << 20;

int64_t reclaimStep() { return static_cast<int64_t>(std::max(memoryRoom() / kReclaimPart, kLeastReclaim)); }

// The end of the process destroys what the engine's thread is using: static objects of ours, oneDNN and
// libgomp, some of which are made late. exit() destroys the calling thread's objects before any of them,
// however it is reached, so this one stops the engine.
struct EngineStop {
  ~EngineStop() {
    if (getpid() == static_cast<pid_t>(syscall(SYS_gettid))) Executor::shared()->stop();
  }
};

// Once for each thread that runs JavaScript, however many environments load the addon on it.
void stopAtExit(napi_env env) {
  static thread_local const EngineStop stop;
  static thread_local bool listens = false;
  if (std::exchange(listens, true)) return;
  // What is queued is dropped before other listeners run: the end shall not wait for it.
  const auto onExit = [](napi_env, napi_callback_info) -> napi_value {
    Executor::shared()->cancel();
    return nullptr;
  };
  napi_value listener;
  check(napi_create_function(env, "nodegrad", NAPI_AUTO_LENGTH, onExit, nullptr, &listener));
  Napi::Object process = Napi::Env(env).Global().Get("process").As<Napi::Object>();
  process.Get("once").As<Napi::Function>().Call(process, {Napi::String::New(env, "exit"), listener});
}

}  // namespace

napi_value Pending::result(napi_env env) {
  napi_value undefined;
  napi_get_undefined(env, &undefined);
  return undefined;
}

Environment* Environment::create(napi_env env, napi_value errorClass) {
  auto self = std::make_shared<Environment>();
  self->errorClass_ = Napi::Persistent(Napi::Function(env, errorClass));
  napi_value name;
  check(napi_create_string_utf8(env, "nodegrad", NAPI_AUTO_LENGTH, &name));
  check(napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, self.get(),
                                        onFinished, &self->wake_));
  check(napi_unref_threadsafe_function(env, self->wake_));
  // Hooks run in the reverse order: this one before the function's own, which frees it.
  check(napi_add_env_cleanup_hook(env, onEnd, new std::shared_ptr<Environment>(self)));
  stopAtExit(env);
  self->reclaimAt_ = reclaimStep();
  return self.get();
}

napi_value Environment::promise(napi_env env, Pending& pending) {
  napi_value promise;
  check(napi_create_promise(env, &pending.deferred, &promise));
  if (waiting_++ == 0) napi_ref_threadsafe_function(env, wake_);
  return promise;
}

void Environment::finish(std::shared_ptr<Pending> pending) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (closed_) return;
  finished_.push_back(std::move(pending));
  if (finished_.size() == 1) napi_call_threadsafe_function(wake_, nullptr, napi_tsfn_nonblocking);
}

void Environment::onFinished(napi_env env, napi_value, void* context, void*) {
  if (env) static_cast<Environment*>(context)->settle(env);
}

void Environment::settle(napi_env env) {
  std::vector<std::shared_ptr<Pending>> finished;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    finished.swap(finished_);
  }
  waiting_ -= finished.size();
  if (waiting_ == 0) napi_unref_threadsafe_function(env, wake_);
  for (const std::shared_ptr<Pending>& pending : finished) {
    napi_value result = nullptr;
    if (!pending->error) {
      try {
        result = pending->result(env);
      } catch (...) {
        pending->error = std::current_exception();
      }
    }
    if (!pending->error)
      napi_resolve_deferred(env, pending->deferred, result);
    else if (napi_value error = errorFor(env, pending->error))
      napi_reject_deferred(env, pending->deferred, error);
  }
}

void Environment::onEnd(void* data) {
  std::unique_ptr<std::shared_ptr<Environment>> self(static_cast<std::shared_ptr<Environment>*>(data));
  Environment& environment = **self;
  environment.ended_ = true;
  environment.errorClass_.Reset();
  {
    std::lock_guard<std::mutex> lock(environment.mutex_);
    environment.closed_ = true;
    environment.finished_.clear();
  }
  environment.executor().cancel();
}

napi_value Environment::errorFor(napi_env env, const std::exception_ptr& error) try {
  const char* code = codeName(ErrorCode::Internal);
  std::string message;
  try {
    std::rethrow_exception(error);
  } catch (const Napi::Error& thrown) {
    return thrown.Value();
  } catch (const Error& thrown) {
    code = codeName(thrown.code());
    message = thrown.what();
  } catch (const std::bad_alloc&) {
    code = codeName(ErrorCode::OutOfMemory);
    message = "the machine has no memory left";
  } catch (const std::exception& thrown) {
    message = thrown.what();
  } catch (...) {
    message = "unknown exception";
  }
  return errorClass_.New({Napi::String::New(env, code), Napi::String::New(env, message)});
} catch (const Napi::Error&) {
  return nullptr;  // a worker that is being terminated
}

void Environment::add(TensorHandle& handle) {
  held_ += kHandleBytes;
  handle.index = tensors_.size();
  tensors_.push_back(&handle);
}

void Environment::remove(TensorHandle& handle) {
  held_ -= kHandleBytes;
  tensors_.back()->index = handle.index;
  std::swap(tensors_[handle.index], tensors_.back());
  tensors_.pop_back();
}

void Environment::reclaim(napi_env env) {
  // V8 collects everything at once where native memory outgrows its heap.
  int64_t total;
  napi_adjust_external_memory(env, kPressure, &total);
  napi_adjust_external_memory(env, -kPressure, &total);
  napi_handle_scope scope;
  check(napi_open_handle_scope(env, &scope));
  for (size_t i = tensors_.size(); i-- > 0;)
    if (tensors_[i]->isDropped()) delete tensors_[i];  // and with it its reference: no finalizer comes
  check(napi_close_handle_scope(env, scope));
  executor_->drain();
  reclaimAt_ = held_ + reclaimStep();
}

void Environment::adjustMemory(napi_env env, int64_t bytes) {
  held_ += bytes;
  if (ended_) return;
  unreported_ += bytes;
  if (std::abs(unreported_) < kReportStep) return;
  int64_t total;
  napi_adjust_external_memory(env, unreported_, &total);
  unreported_ = 0;
}

}  // namespace nodegrad::binding
