#include <napi.h>

#include <iterator>

#include "calls.h"
#include "convert.h"

namespace nodegrad::binding {

namespace {

// Tries again without the tensors that JavaScript has dropped where the memory is short.
napi_value withMemory(const Call& call, CallBody body) {
  if (call.environment.nearsLimit()) call.environment.reclaim(call.env);
  try {
    return body(call);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::OutOfMemory) throw;
  }
  call.environment.reclaim(call.env);
  return body(call);
}

// The one place where C++ exceptions become JavaScript's.
template <CallBody body>
napi_value guarded(napi_env env, napi_callback_info info) {
  napi_value arguments[6];
  size_t count = std::size(arguments);
  void* environment = nullptr;
  if (napi_get_cb_info(env, info, &count, arguments, nullptr, &environment) != napi_ok) return nullptr;
  const Call call{env, *static_cast<Environment*>(environment), arguments};
  try {
    return withMemory(call, body);
  } catch (...) {
    if (napi_value error = call.environment.errorFor(env, std::current_exception())) napi_throw(env, error);
    return nullptr;
  }
}

struct Export {
  const char* name;
  napi_callback call;
};

constexpr Export kExports[] = {
    {"createTensor", guarded<createTensor>},
    {"writeTensor", guarded<writeTensor>},
    {"readTensor", guarded<readTensor>},
    {"readTensorSync", guarded<readTensorSync>},
    {"disposeTensor", guarded<disposeTensor>},
    {"createGraph", guarded<createGraph>},
    {"addInput", guarded<addInput>},
    {"addParameter", guarded<addParameter>},
    {"addOp", guarded<addOp>},
    {"addGradients", guarded<addGradients>},
    {"addScan", guarded<addScan>},
    {"addCond", guarded<addCond>},
    {"addWhile", guarded<addWhile>},
    {"addCustomGradient", guarded<addCustomGradient>},
    {"addRemat", guarded<addRemat>},
    {"createProgram", guarded<createProgram>},
    {"run", guarded<run>},
    {"collect", guarded<collect>},
    {"describeProgram", guarded<describeProgram>},
    {"createSource", guarded<createSource>},
    {"csvRecord", guarded<csvRecord>},
    {"parseCsv", guarded<parseCsv>},
    {"info", guarded<info>},
    {"cudaAbi", guarded<cudaAbi>},
    {"cudaDriver", guarded<cudaDriver>},
    {"loadLibrary", guarded<loadLibrary>},
    {"openCuda", guarded<openCuda>},
};

// The addon as a function of the class of its errors: it gives an object with the calls.
Napi::Value open(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsFunction()) throw Napi::TypeError::New(env, "[nodegrad] expected the class of errors");
  Napi::Object calls = Napi::Object::New(env);
  try {
    // Its memory is the environment's: no function is called after that has ended.
    Environment* environment = Environment::create(env, info[0].As<Napi::Function>());
    for (const Export& item : kExports) {
      napi_value function;
      check(napi_create_function(env, item.name, NAPI_AUTO_LENGTH, item.call, environment, &function));
      calls.Set(item.name, Napi::Value(env, function));
    }
  } catch (const Napi::Error&) {
    throw;
  } catch (const std::exception& error) {
    const auto* known = dynamic_cast<const Error*>(&error);
    const auto text = [&](const std::string& value) { return Napi::String::New(env, value); };
    const Napi::Object typed =
        info[0].As<Napi::Function>().New({text(codeName(known ? known->code() : ErrorCode::Internal)),
                                          text(std::string("[nodegrad] ") + error.what())});
    throw Napi::Error(env, typed);
  }
  return calls;
}

Napi::Object init(Napi::Env env, Napi::Object) { return Napi::Function::New<open>(env, "nodegrad"); }

}  // namespace

NODE_API_MODULE(nodegrad, init)

}  // namespace nodegrad::binding
