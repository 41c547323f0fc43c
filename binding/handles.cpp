#include "handles.h"

namespace nodegrad::binding {

TensorHandle::TensorHandle(std::shared_ptr<Environment> environment, napi_env env, StoragePtr storage)
    : environment(std::move(environment)), env(env), storage(std::move(storage)) {
  this->environment->add(*this);
  this->environment->adjustMemory(env, static_cast<int64_t>(bytesOf(this->storage->type)));
}

TensorHandle::~TensorHandle() {
  dispose();
  if (reference) napi_delete_reference(env, reference);
}

bool TensorHandle::isDropped() const {
  napi_value value = nullptr;
  return reference && napi_get_reference_value(env, reference, &value) == napi_ok && !value;
}

void TensorHandle::dispose() {
  if (!storage) return;
  environment->remove(*this);
  environment->adjustMemory(env, -static_cast<int64_t>(bytesOf(storage->type)));
  storage.reset();
}

const StoragePtr& storageOf(napi_env env, napi_value value) {
  const StoragePtr& storage = handleOf<TensorHandle>(env, value).storage;
  if (!storage) fail(ErrorCode::Disposed, "expected a live tensor, received a disposed one");
  return storage;
}

std::vector<StoragePtr> storagesOf(napi_env env, napi_value list) {
  std::vector<StoragePtr> storages(lengthOf(env, list));
  for (uint32_t i = 0; i < storages.size(); ++i) storages[i] = storageOf(env, elementOf(env, list, i));
  return storages;
}

napi_value makeTensor(Environment& environment, napi_env env, StoragePtr storage) {
  return makeHandle(env,
                    std::make_unique<TensorHandle>(environment.shared_from_this(), env, std::move(storage)));
}

}  // namespace nodegrad::binding
