#include "graph/graph.h"

#include "calls.h"
#include "graph/autodiff.h"
#include "handles.h"

namespace nodegrad::binding {

namespace {

Graph& graphOf(const Call& call) { return handleOf<GraphHandle>(call.env, call[0]).graph; }

napi_value typed(const Call& call, const Graph& graph, Value value) {
  return makeTyped(call.env, value, graph.type(value));
}

napi_value typed(const Call& call, const Graph& graph, const std::vector<Value>& values) {
  napi_value list;
  check(napi_create_array_with_length(call.env, values.size(), &list));
  for (uint32_t i = 0; i < values.size(); ++i)
    check(napi_set_element(call.env, list, i, typed(call, graph, values[i])));
  return list;
}

}  // namespace

napi_value createGraph(const Call& call) { return makeHandle(call.env, std::make_unique<GraphHandle>()); }

napi_value addInput(const Call& call) {
  Graph& graph = graphOf(call);
  TensorType type{dtypeOf(call.env, call[1]), integersOf(call.env, call[2])};
  return typed(call, graph, graph.input(std::move(type), textOf(call.env, call[3])));
}

napi_value addParameter(const Call& call) {
  Graph& graph = graphOf(call);
  const StoragePtr& storage = storageOf(call.env, call[1]);
  return typed(call, graph, graph.parameter(storage, storage->type, textOf(call.env, call[2])));
}

napi_value addOp(const Call& call) {
  Graph& graph = graphOf(call);
  const std::string op = textOf(call.env, call[1]);
  return typed(call, graph, graph.op(op, valuesOf(call.env, call[2]), attrsOf(call.env, call[3])));
}

napi_value addGradients(const Call& call) {
  Graph& graph = graphOf(call);
  const std::vector<Value> ys = valuesOf(call.env, call[1]);
  const std::vector<Value> xs = valuesOf(call.env, call[2]);
  const std::vector<Value> seeds =
      isNullish(call.env, call[3]) ? std::vector<Value>{} : valuesOf(call.env, call[3]);
  return typed(call, graph, gradients(graph, ys, xs, seeds));
}

}  // namespace nodegrad::binding
