#include "program/program.h"

#include "calls.h"
#include "devices/devices.h"
#include "handles.h"

namespace nodegrad::binding {

namespace {

std::shared_ptr<Program>& programOf(const Call& call) {
  return handleOf<ProgramHandle>(call.env, call[0]).program;
}

// Queues the steps that the call asks for.
std::vector<StoragePtr> queue(const Call& call, Program::Done done) {
  Program& program = *programOf(call);
  if (auto* source = findHandle<SourceHandle>(call.env, call[1]))
    return program.run(source->source, integerOf(call.env, call[2]), std::move(done));
  return program.run(storagesOf(call.env, call[1]), std::move(done));
}

// What a run answers: its outputs with their shapes, and the promise of its end, if there is one.
napi_value answer(const Call& call, std::vector<StoragePtr> storages, napi_value promise) {
  napi_value result, outputs, shapes;
  check(napi_create_object(call.env, &result));
  check(napi_create_array_with_length(call.env, storages.size(), &outputs));
  check(napi_create_array_with_length(call.env, storages.size(), &shapes));
  for (uint32_t i = 0; i < storages.size(); ++i) {
    check(napi_set_element(call.env, shapes, i, makeList(call.env, storages[i]->type.shape)));
    check(napi_set_element(call.env, outputs, i,
                           makeTensor(call.environment, call.env, std::move(storages[i]))));
  }
  check(napi_set_named_property(call.env, result, "outputs", outputs));
  check(napi_set_named_property(call.env, result, "shapes", shapes));
  if (promise) check(napi_set_named_property(call.env, result, "done", promise));
  return result;
}

// Queues what `start` does with a promise of its end.
template <class Start>
std::pair<std::vector<StoragePtr>, napi_value> promised(const Call& call, Start&& start) {
  auto pending = std::make_shared<Pending>();
  std::vector<StoragePtr> storages =
      start([environment = call.environment.shared_from_this(), pending](std::exception_ptr error) {
        pending->error = std::move(error);
        environment->finish(pending);
      });
  // The run may be over by now, but this thread, which settles it, is busy here.
  return {std::move(storages), call.environment.promise(call.env, *pending)};
}

}  // namespace

napi_value createProgram(const Call& call) {
  const Graph& graph = handleOf<GraphHandle>(call.env, call[0]).graph;
  std::vector<Program::Update> updates(lengthOf(call.env, call[3]));
  for (uint32_t i = 0; i < updates.size(); ++i) {
    napi_value update = elementOf(call.env, call[3], i);
    updates[i].storage = storageOf(call.env, propertyOf(call.env, update, "tensor"));
    updates[i].value = static_cast<Value>(integerOf(call.env, propertyOf(call.env, update, "value")));
  }
  const std::string wanted =
      isNullish(call.env, call[4]) ? name(Compute::Float32) : textOf(call.env, call[4]);
  const auto compute = computeFromName(wanted);
  if (!compute)
    fail(ErrorCode::Argument, "expected 'float32', 'tensorFloat32' or 'bfloat16' to compute in, received '",
         wanted, "'");
  auto program =
      Program::create(graph, valuesOf(call.env, call[1]), valuesOf(call.env, call[2]), std::move(updates),
                      *compute, isNullish(call.env, call[5]) ? "" : textOf(call.env, call[5]));
  return makeHandle(call.env, std::make_unique<ProgramHandle>(ProgramHandle{std::move(program)}));
}

napi_value run(const Call& call) {
  const bool silent = !isNullish(call.env, call[3]) && booleanOf(call.env, call[3]);
  if (silent) return answer(call, queue(call, [](const std::exception_ptr&) {}), nullptr);
  auto [storages, promise] = promised(call, [&](Program::Done done) { return queue(call, std::move(done)); });
  return answer(call, std::move(storages), promise);
}

napi_value collect(const Call& call) {
  std::vector<StoragePtr> results;
  const bool made = !isNullish(call.env, call[3]);
  if (made) results = storagesOf(call.env, call[3]);
  auto [storages, promise] = promised(call, [&](Program::Done done) {
    return programOf(call)->collect(handleOf<SourceHandle>(call.env, call[1]).source,
                                    integerOf(call.env, call[2]), results, std::move(done));
  });
  // JavaScript has handles of those that it gave.
  if (made) storages.clear();
  return answer(call, std::move(storages), promise);
}

napi_value describeProgram(const Call& call) {
  const std::string text = programOf(call)->describe();
  napi_value value;
  check(napi_create_string_utf8(call.env, text.data(), text.size(), &value));
  return value;
}

napi_value info(const Call& call) {
  Executor& executor = call.environment.executor();
  if (!isNullish(call.env, call[0])) {
    napi_value threads = propertyOf(call.env, call[0], "threads");
    if (!isNullish(call.env, threads)) executor.setThreads(static_cast<int>(integerOf(call.env, threads)));
  }
  Napi::Object result = Napi::Object::New(call.env);
  Napi::Array devices = Napi::Array::New(call.env);
  for (const DeviceKind& kind : deviceKinds()) executor.device(kind.name);
  for (const Executor::Device* opened : executor.devices()) {
    const Backend& backend = *opened->backend;
    Napi::Object device = Napi::Object::New(call.env);
    device["name"] = opened->name;
    device["description"] = backend.name();
    device["architecture"] = backend.architecture();
    device["bfloat16"] = backend.hasBfloat16();
    devices[devices.Length()] = device;
  }
  result["devices"] = devices;
  result["device"] = executor.backend().name();
  result["isa"] = executor.backend().architecture();
  result["bfloat16"] = executor.backend().hasBfloat16();
  result["threads"] = executor.threads();
  result["tensors"] = static_cast<double>(call.environment.tensors());
  result["bytes"] = static_cast<double>(liveBufferBytes());
  return result;
}

}  // namespace nodegrad::binding
