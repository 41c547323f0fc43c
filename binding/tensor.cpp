#include <cstring>

#include "calls.h"
#include "handles.h"
#include "host/buffer.h"

namespace nodegrad::binding {

namespace {

// A read in flight: the device fills bytes, JavaScript's thread copies them into its own array. The
// array is not made before, as its memory would go with the environment while it is written to.
class PendingRead : public Pending {
 public:
  explicit PendingRead(StoragePtr storage) : storage_(std::move(storage)) {}

  // Only for tasks of the engine.
  void read(Executor& executor, Executor::Done done) {
    try {
      // First of all, so that a tensor too large to exist reports the op that failed, not this copy.
      bytes_ = storage_->buffer ? allocateHost(bytesOf(storage_->type)) : nullptr;
    } catch (...) {
      return done(std::current_exception());
    }
    executor.read(*storage_, bytes_ ? bytes_->data() : nullptr, std::move(done));
  }

  napi_value result(napi_env env) override {
    void* data;
    napi_value array = makeArray(env, storage_->type, &data);
    if (bytes_->bytes() > 0) std::memcpy(data, bytes_->data(), bytes_->bytes());  // no memory for none
    return array;
  }

 private:
  StoragePtr storage_;
  std::shared_ptr<Buffer> bytes_;
};

}  // namespace

napi_value createTensor(const Call& call) {
  TensorType type{dtypeOf(call.env, call[0]), integersOf(call.env, call[1])};
  for (int64_t size : type.shape)
    if (size < 0)
      fail(ErrorCode::Shape, "[tensor] expected sizes of 0 or more, received ", toString(type.shape));
  const void* data = isNullish(call.env, call[2]) ? nullptr : arrayOf(call.env, call[2], type).data;
  return makeTensor(call.environment, call.env, hostStorage(type, data));
}

napi_value writeTensor(const Call& call) {
  StoragePtr storage = storageOf(call.env, call[0]);
  const size_t bytes = bytesOf(storage->type);
  const ArrayView view = arrayOf(call.env, call[1], storage->type);
  std::shared_ptr<Buffer> copy = allocateHost(bytes);
  if (bytes > 0) std::memcpy(copy->data(), view.data, bytes);
  Executor& executor = call.environment.executor();
  executor.submit([&executor, storage = std::move(storage), copy = std::move(copy)] {
    try {
      executor.write(*storage, copy->data());
    } catch (...) {
      storage->outcome = std::make_shared<Outcome>(std::current_exception());
    }
  });
  return nullptr;
}

napi_value readTensor(const Call& call) {
  auto pending = std::make_shared<PendingRead>(storageOf(call.env, call[0]));
  napi_value promise = call.environment.promise(call.env, *pending);
  call.environment.executor().submit([environment = call.environment.shared_from_this(), pending] {
    pending->read(environment->executor(), [=](std::exception_ptr error) {
      pending->error = std::move(error);
      environment->finish(pending);
    });
  });
  return promise;
}

napi_value readTensorSync(const Call& call) {
  PendingRead pending(storageOf(call.env, call[0]));
  Executor& executor = call.environment.executor();
  executor.waitFor([&](Executor::Done done) { pending.read(executor, std::move(done)); });
  return pending.result(call.env);
}

napi_value disposeTensor(const Call& call) {
  handleOf<TensorHandle>(call.env, call[0]).dispose();
  return nullptr;
}

napi_value createSource(const Call& call) {
  const napi_value given = call[1];
  const auto property = [&](const char* name) { return propertyOf(call.env, given, name); };
  Source::Options options;
  options.batchSize = integerOf(call.env, property("batchSize"));
  options.shuffle = booleanOf(call.env, property("shuffle"));
  options.seed = static_cast<uint64_t>(integerOf(call.env, property("seed")));
  options.pass = integerOf(call.env, property("pass"));
  options.step = integerOf(call.env, property("step"));
  options.dropRemainder = booleanOf(call.env, property("dropRemainder"));
  auto source = std::make_shared<Source>(storagesOf(call.env, call[0]), options);
  return makeHandle(call.env, std::make_unique<SourceHandle>(SourceHandle{std::move(source)}));
}

}  // namespace nodegrad::binding
