#pragma once
#include <napi.h>

#include <memory>
#include <utility>

#include "convert.h"
#include "data/source.h"
#include "environment.h"
#include "graph/graph.h"
#include "program/program.h"

namespace nodegrad::binding {

// What JavaScript's opaque handles point at. The type tag tells one kind from another, and ours from those of
// other addons.

struct TensorHandle {
  static constexpr napi_type_tag kTag = {0x6e6f646567726164, 1};
  static constexpr const char* kName = "a tensor";
  TensorHandle(std::shared_ptr<Environment> environment, napi_env env, StoragePtr storage);
  ~TensorHandle();
  void dispose();
  // Whether JavaScript has dropped it: its finalizer waits for a turn of the event loop, in which a loop
  // without awaits never comes.
  bool isDropped() const;

  std::shared_ptr<Environment> environment;
  napi_env env;
  StoragePtr storage;            // null once disposed
  napi_ref reference = nullptr;  // weak
  size_t index;                  // in the environment's list
};

struct GraphHandle {
  static constexpr napi_type_tag kTag = {0x6e6f646567726164, 2};
  static constexpr const char* kName = "a graph";
  Graph graph;
};

struct ProgramHandle {
  static constexpr napi_type_tag kTag = {0x6e6f646567726164, 3};
  static constexpr const char* kName = "a program";
  std::shared_ptr<Program> program;
};

struct SourceHandle {
  static constexpr napi_type_tag kTag = {0x6e6f646567726164, 4};
  static constexpr const char* kName = "a source";
  std::shared_ptr<Source> source;
};

template <class Handle>
napi_value makeHandle(napi_env env, std::unique_ptr<Handle> handle) {
  napi_value value;
  const auto finalize = [](napi_env, void* data, void*) { delete static_cast<Handle*>(data); };
  check(napi_create_external(env, handle.get(), nullptr, nullptr, &value));
  napi_ref* reference = nullptr;
  if constexpr (std::is_same_v<Handle, TensorHandle>) reference = &handle->reference;
  check(napi_add_finalizer(env, value, handle.get(), finalize, nullptr, reference));
  handle.release();
  check(napi_type_tag_object(env, value, &Handle::kTag));
  return value;
}

// The handle in a JavaScript value, or null where the value is something else.
template <class Handle>
Handle* findHandle(napi_env env, napi_value value) {
  napi_valuetype type;
  bool ours = false;
  void* data = nullptr;
  if (napi_typeof(env, value, &type) != napi_ok || type != napi_external) return nullptr;
  if (napi_check_object_type_tag(env, value, &Handle::kTag, &ours) != napi_ok || !ours) return nullptr;
  check(napi_get_value_external(env, value, &data));
  return static_cast<Handle*>(data);
}

template <class Handle>
Handle& handleOf(napi_env env, napi_value value) {
  if (auto* handle = findHandle<Handle>(env, value)) return *handle;
  fail(ErrorCode::Argument, "expected ", Handle::kName, "'s handle, received ", describe(env, value));
}

// The storage of a tensor's handle. Fails where the tensor is disposed.
const StoragePtr& storageOf(napi_env env, napi_value value);
std::vector<StoragePtr> storagesOf(napi_env env, napi_value list);
// A new handle for a storage, counted and reported to V8.
napi_value makeTensor(Environment& environment, napi_env env, StoragePtr storage);

}  // namespace nodegrad::binding
