#include "convert.h"

#include <cmath>
#include <limits>

namespace nodegrad::binding {

namespace {

// Each is an integer beyond which a double is none.
constexpr double kExact = 9007199254740992.0;

napi_typedarray_type arrayType(DType dtype) {
  switch (dtype) {
    case DType::F32: return napi_float32_array;
    case DType::I32: return napi_int32_array;
    default: return napi_uint8_array;
  }
}

[[noreturn]] void refuse(napi_env env, napi_value value, const char* expected) {
  fail(ErrorCode::Argument, "expected ", expected, ", received ", describe(env, value));
}

napi_valuetype typeOf(napi_env env, napi_value value) {
  napi_valuetype type;
  check(napi_typeof(env, value, &type));
  return type;
}

// ±Infinity stand for the largest and the smallest integer.
int64_t toInteger(napi_env env, napi_value value) {
  const double number = numberOf(env, value);
  if (number == std::numeric_limits<double>::infinity()) return std::numeric_limits<int64_t>::max();
  if (number == -std::numeric_limits<double>::infinity()) return std::numeric_limits<int64_t>::min();
  if (!(std::abs(number) <= kExact) || number != std::floor(number))
    fail(ErrorCode::Argument, "expected an integer, received ", number);
  return static_cast<int64_t>(number);
}

Attr attrOf(napi_env env, napi_value value, const std::string& name) {
  switch (typeOf(env, value)) {
    case napi_boolean: return booleanOf(env, value);
    case napi_string: return textOf(env, value);
    case napi_number: {
      const double number = numberOf(env, value);
      if (number == std::floor(number) && std::abs(number) <= kExact) return static_cast<int64_t>(number);
      return number;
    }
    case napi_bigint: {
      int64_t integer;
      bool lossless;
      check(napi_get_value_bigint_int64(env, value, &integer, &lossless));
      if (!lossless) fail(ErrorCode::Attribute, "expected 64 bits at most in attribute '", name, "'");
      return integer;
    }
    case napi_object: return integersOf(env, value);
    default:
      fail(ErrorCode::Attribute, "expected a number, boolean, string or list for attribute '", name,
           "', received ", describe(env, value));
  }
}

}  // namespace

std::string describe(napi_env env, napi_value value) {
  switch (typeOf(env, value)) {
    case napi_undefined: return "undefined";
    case napi_null: return "null";
    case napi_boolean: return "a boolean";
    case napi_number: return "a number";
    case napi_string: return "a string";
    case napi_symbol: return "a symbol";
    case napi_function: return "a function";
    case napi_external: return "another handle";
    case napi_bigint: return "a bigint";
    case napi_object: break;
  }
  return "an object";
}

double numberOf(napi_env env, napi_value value) {
  double number;
  if (napi_get_value_double(env, value, &number) != napi_ok) refuse(env, value, "a number");
  return number;
}

int64_t integerOf(napi_env env, napi_value value) { return toInteger(env, value); }

bool booleanOf(napi_env env, napi_value value) {
  bool boolean;
  if (napi_get_value_bool(env, value, &boolean) != napi_ok) refuse(env, value, "a boolean");
  return boolean;
}

std::string textOf(napi_env env, napi_value value) {
  size_t length;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok) refuse(env, value, "a string");
  std::string text(length, '\0');
  check(napi_get_value_string_utf8(env, value, text.data(), length + 1, &length));
  return text;
}

bool isNullish(napi_env env, napi_value value) {
  const napi_valuetype type = typeOf(env, value);
  return type == napi_undefined || type == napi_null;
}

DType dtypeOf(napi_env env, napi_value value) { return dtypeFromName(textOf(env, value)); }

uint32_t lengthOf(napi_env env, napi_value list) {
  uint32_t length;
  if (napi_get_array_length(env, list, &length) != napi_ok) refuse(env, list, "a list");
  return length;
}

napi_value elementOf(napi_env env, napi_value list, uint32_t index) {
  napi_value element;
  check(napi_get_element(env, list, index, &element));
  return element;
}

napi_value propertyOf(napi_env env, napi_value object, const char* name) {
  napi_value property;
  if (typeOf(env, object) != napi_object) refuse(env, object, "an object");
  check(napi_get_named_property(env, object, name, &property));
  return property;
}

std::vector<int64_t> integersOf(napi_env env, napi_value list) {
  std::vector<int64_t> integers(lengthOf(env, list));
  for (uint32_t i = 0; i < integers.size(); ++i) integers[i] = toInteger(env, elementOf(env, list, i));
  return integers;
}

std::vector<Value> valuesOf(napi_env env, napi_value list) {
  std::vector<Value> values(lengthOf(env, list));
  for (uint32_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<Value>(toInteger(env, elementOf(env, list, i)));
  return values;
}

Attrs attrsOf(napi_env env, napi_value object) {
  Attrs attrs;
  if (typeOf(env, object) != napi_object) refuse(env, object, "an object of attributes");
  napi_value names;
  check(napi_get_property_names(env, object, &names));
  for (uint32_t i = 0, count = lengthOf(env, names); i < count; ++i) {
    const std::string name = textOf(env, elementOf(env, names, i));
    attrs.set(name, attrOf(env, propertyOf(env, object, name.c_str()), name));
  }
  return attrs;
}

ArrayView arrayOf(napi_env env, napi_value value, const TensorType& type) {
  napi_typedarray_type kind;
  ArrayView view{};
  if (napi_get_typedarray_info(env, value, &kind, &view.length, &view.data, nullptr, nullptr) != napi_ok)
    refuse(env, value, "a typed array");
  if (kind != arrayType(type.dtype))
    fail(ErrorCode::Dtype, "expected the typed array of ", name(type.dtype),
         ", received one of another kind");
  if (view.length != static_cast<size_t>(count(type.shape)))
    fail(ErrorCode::Shape, "expected ", count(type.shape), " numbers for ", toString(type), ", received ",
         view.length);
  return view;
}

napi_value makeArray(napi_env env, const TensorType& type, void** data) {
  napi_value buffer, array;
  if (napi_create_arraybuffer(env, bytesOf(type), data, &buffer) != napi_ok) {
    napi_value pending;
    napi_get_and_clear_last_exception(env, &pending);
    fail(ErrorCode::OutOfMemory, "expected ", bytesOf(type), " bytes for an array of ", toString(type),
         ", and JavaScript has none left");
  }
  check(napi_create_typedarray(env, arrayType(type.dtype), static_cast<size_t>(count(type.shape)), buffer, 0,
                               &array));
  return array;
}

napi_value makeList(napi_env env, const Dims& dims) {
  napi_value list, number;
  check(napi_create_array_with_length(env, dims.size(), &list));
  for (uint32_t i = 0; i < dims.size(); ++i) {
    check(napi_create_int64(env, dims[i], &number));
    check(napi_set_element(env, list, i, number));
  }
  return list;
}

napi_value makeTyped(napi_env env, Value id, const TensorType& type) {
  napi_value object, number, text;
  check(napi_create_object(env, &object));
  check(napi_create_int32(env, id, &number));
  check(napi_create_string_utf8(env, name(type.dtype), NAPI_AUTO_LENGTH, &text));
  check(napi_set_named_property(env, object, "id", number));
  check(napi_set_named_property(env, object, "dtype", text));
  check(napi_set_named_property(env, object, "shape", makeList(env, type.shape)));
  return object;
}

}  // namespace nodegrad::binding
