#pragma once
#include <napi.h>

#include <string>
#include <vector>

#include "core/attrs.h"
#include "core/shape.h"
#include "graph/op.h"

namespace nodegrad::binding {

// JavaScript's values as the engine's and back. What does not fit fails with ARGUMENT or DTYPE.

// Turns a failed call of Node-API into an exception.
inline void check(napi_status status) {
  if (status != napi_ok) fail(ErrorCode::Internal, "a call of Node-API failed with status ", int{status});
}

// "a string", "null", …: for messages.
std::string describe(napi_env env, napi_value value);

double numberOf(napi_env env, napi_value value);
int64_t integerOf(napi_env env, napi_value value);
bool booleanOf(napi_env env, napi_value value);
std::string textOf(napi_env env, napi_value value);
bool isNullish(napi_env env, napi_value value);
DType dtypeOf(napi_env env, napi_value value);

uint32_t lengthOf(napi_env env, napi_value list);
napi_value elementOf(napi_env env, napi_value list, uint32_t index);
napi_value propertyOf(napi_env env, napi_value object, const char* name);
std::vector<int64_t> integersOf(napi_env env, napi_value list);
std::vector<Value> valuesOf(napi_env env, napi_value list);
Attrs attrsOf(napi_env env, napi_value object);

// The memory of a typed array, good until JavaScript runs again.
struct ArrayView {
  void* data;
  size_t length;
};
// Fails with DTYPE where the array is not of the kind that stands for the dtype, with SHAPE where its length
// is not the shape's.
ArrayView arrayOf(napi_env env, napi_value value, const TensorType& type);
// A new typed array for the type; its memory comes back in data.
napi_value makeArray(napi_env env, const TensorType& type, void** data);

napi_value makeList(napi_env env, const Dims& dims);
// {id, dtype, shape}
napi_value makeTyped(napi_env env, Value id, const TensorType& type);

}  // namespace nodegrad::binding
