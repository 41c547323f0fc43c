#include "data/csv.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include "calls.h"
#include "convert.h"

namespace nodegrad::binding {

namespace {

std::string_view bytesOf(napi_env env, napi_value value) {
  napi_typedarray_type kind;
  size_t length;
  void* data;
  if (napi_get_typedarray_info(env, value, &kind, &length, &data, nullptr, nullptr) != napi_ok ||
      kind != napi_uint8_array)
    fail(ErrorCode::Argument, "expected a Uint8Array, received ", describe(env, value));
  return {static_cast<const char*>(data), length};
}

char characterOf(napi_env env, napi_value value) {
  const std::string text = textOf(env, value);
  if (text.size() != 1) fail(ErrorCode::Argument, "expected one character, received '", text, "'");
  return text[0];
}

CsvFormat formatOf(napi_env env, napi_value spec) {
  return {characterOf(env, propertyOf(env, spec, "separator")),
          characterOf(env, propertyOf(env, spec, "quote"))};
}

CsvKind kindOf(const std::string& name) {
  if (name == "float32") return CsvKind::Float;
  if (name == "int32") return CsvKind::Integer;
  if (name == "bool") return CsvKind::Bool;
  return name == "string" ? CsvKind::Text : CsvKind::Skip;
}

CsvSpec specOf(napi_env env, napi_value given) {
  CsvSpec spec;
  spec.format = formatOf(env, given);
  const napi_value kinds = propertyOf(env, given, "kinds"), fills = propertyOf(env, given, "fills"),
                   places = propertyOf(env, given, "places");
  for (uint32_t i = 0, count = lengthOf(env, kinds); i < count; ++i) {
    CsvColumn column{kindOf(textOf(env, elementOf(env, kinds, i))), std::nullopt, std::nullopt};
    const napi_value fill = elementOf(env, fills, i), place = elementOf(env, places, i);
    if (!isNullish(env, fill)) column.fill = numberOf(env, fill);
    if (!isNullish(env, place)) {
      column.place = static_cast<size_t>(numberOf(env, place));
      spec.width = std::max(spec.width, *column.place + 1);
    }
    spec.columns.push_back(column);
  }
  const napi_value missing = propertyOf(env, given, "missing");
  for (uint32_t i = 0, count = lengthOf(env, missing); i < count; ++i)
    spec.missing.push_back(textOf(env, elementOf(env, missing, i)));
  spec.last = booleanOf(env, propertyOf(env, given, "last"));
  return spec;
}

napi_value copied(napi_env env, DType dtype, const void* from, size_t count) {
  void* data;
  const TensorType type{dtype, {static_cast<int64_t>(count)}};
  napi_value array = makeArray(env, type, &data);
  if (count > 0) std::memcpy(data, from, nodegrad::bytesOf(type));
  return array;
}

Napi::Value errorOf(Napi::Env env, const std::optional<CsvError>& error) {
  if (!error) return env.Null();
  Napi::Object object = Napi::Object::New(env);
  object.Set("row", Napi::Number::New(env, static_cast<double>(error->row)));
  object.Set("column", Napi::Number::New(env, static_cast<double>(error->column)));
  object.Set("what", Napi::String::New(env, error->what));
  return object;
}

Napi::Value valuesOf(Napi::Env env, const CsvValues& values, const CsvColumn& column) {
  if (column.place) return env.Null();
  switch (column.kind) {
    case CsvKind::Float: return {env, copied(env, DType::F32, values.floats.data(), values.floats.size())};
    case CsvKind::Integer:
      return {env, copied(env, DType::I32, values.integers.data(), values.integers.size())};
    case CsvKind::Bool: return {env, copied(env, DType::U8, values.bools.data(), values.bools.size())};
    case CsvKind::Skip: return env.Null();
    case CsvKind::Text: break;
  }
  Napi::Object text = Napi::Object::New(env);
  text.Set("bytes", Napi::Value(env, copied(env, DType::U8, values.text.data(), values.text.size())));
  text.Set("ends", Napi::Value(env, copied(env, DType::I32, values.ends.data(), values.ends.size())));
  return text;
}

// Parses on a thread of libuv's pool.
class CsvWorker : public Napi::AsyncWorker {
 public:
  CsvWorker(const Call& call, CsvSpec spec)
      : AsyncWorker(Napi::Env(call.env), "nodegrad:csv"),
        environment_(call.environment.shared_from_this()),
        deferred_(Napi::Promise::Deferred::New(call.env)),
        held_(Napi::Persistent(Napi::Value(call.env, call[0]).As<Napi::Object>())),
        bytes_(bytesOf(call.env, call[0])),
        spec_(std::move(spec)) {}

  napi_value promise() const { return deferred_.Promise(); }

  void Execute() override {
    try {
      block_ = nodegrad::parseCsv(bytes_, spec_);
    } catch (...) {
      error_ = std::current_exception();
    }
  }

  void OnOK() override {
    const Napi::Env env = Env();
    Napi::Object result = Napi::Object::New(env);
    try {
      if (error_) std::rethrow_exception(error_);
      Napi::Array columns = Napi::Array::New(env, block_.columns.size());
      for (uint32_t i = 0; i < block_.columns.size(); ++i)
        columns.Set(i, valuesOf(env, block_.columns[i], spec_.columns[i]));
      result.Set("rows", Napi::Number::New(env, static_cast<double>(block_.rows)));
      result.Set("consumed", Napi::Number::New(env, static_cast<double>(block_.consumed)));
      result.Set("columns", columns);
      if (spec_.width > 0)
        result.Set("matrix",
                   Napi::Value(env, copied(env, DType::F32, block_.matrix.data(), block_.matrix.size())));
      result.Set("error", errorOf(env, block_.error));
    } catch (...) {
      if (napi_value error = environment_->errorFor(env, std::current_exception())) deferred_.Reject(error);
      return;
    }
    deferred_.Resolve(result);
  }

 private:
  std::shared_ptr<Environment> environment_;
  Napi::Promise::Deferred deferred_;
  Napi::ObjectReference held_;  // the bytes are JavaScript's
  std::string_view bytes_;
  CsvSpec spec_;
  CsvBlock block_;
  std::exception_ptr error_;
};

}  // namespace

napi_value csvRecord(const Call& call) {
  const Napi::Env env(call.env);
  const CsvFormat format = formatOf(call.env, call[1]);
  const auto record = firstCsvRecord(bytesOf(call.env, call[0]), format, booleanOf(call.env, call[2]));
  if (!record) return env.Null();
  Napi::Array fields = Napi::Array::New(env, record->fields.size());
  for (uint32_t i = 0; i < record->fields.size(); ++i)
    fields.Set(i, Napi::String::New(env, record->fields[i]));
  Napi::Object result = Napi::Object::New(env);
  result.Set("fields", fields);
  result.Set("consumed", Napi::Number::New(env, static_cast<double>(record->consumed)));
  result.Set("error", errorOf(env, record->error));
  return result;
}

napi_value parseCsv(const Call& call) {
  auto worker = std::make_unique<CsvWorker>(call, specOf(call.env, call[1]));
  const napi_value promise = worker->promise();
  worker.release()->Queue();  // it deletes itself
  return promise;
}

}  // namespace nodegrad::binding
