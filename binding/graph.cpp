#include "graph/graph.h"

#include "calls.h"
#include "graph/autodiff.h"
#include "handles.h"
#include "ops/control.h"
#include "ops/remat.h"
#include "ops/scan.h"

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

Value valueIn(const Call& call, napi_value object, const char* name) {
  return static_cast<Value>(integerOf(call.env, propertyOf(call.env, object, name)));
}

// Calls take for each object in a list of the description, with what reads the object's values.
template <class Take>
void eachOf(const Call& call, const char* list, const Take& take) {
  napi_value items = propertyOf(call.env, call[1], list);
  for (uint32_t i = 0, count = lengthOf(call.env, items); i < count; ++i) {
    napi_value item = elementOf(call.env, items, i);
    take(item, [&call, item](const char* name) { return valueIn(call, item, name); });
  }
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
  const std::vector<Value> outputGradients =
      isNullish(call.env, call[3]) ? std::vector<Value>{} : valuesOf(call.env, call[3]);
  return typed(call, graph, gradients(graph, ys, xs, outputGradients));
}

napi_value addScan(const Call& call) {
  Graph& graph = graphOf(call);
  const auto each = [&](const char* list, const auto& take) { eachOf(call, list, take); };
  const auto isBackwards = [&](napi_value item) {
    return booleanOf(call.env, propertyOf(call.env, item, "backwards"));
  };
  Scan scan;
  each("states", [&](napi_value, const auto& value) {
    scan.states.push_back({value("before"), value("first"), value("next")});
  });
  each("sequences", [&](napi_value item, const auto& value) {
    scan.sequences.push_back({value("element"), value("whole"), isBackwards(item)});
  });
  each("results", [&](napi_value item, const auto& value) {
    scan.results.push_back({value("value"), isBackwards(item)});
  });
  return typed(call, graph, addScan(graph, scan));
}

napi_value addCond(const Call& call) {
  Graph& graph = graphOf(call);
  const auto list = [&](const char* name) { return valuesOf(call.env, propertyOf(call.env, call[1], name)); };
  const Value predicate = valueIn(call, call[1], "predicate"), first = valueIn(call, call[1], "first");
  return typed(call, graph, addCond(graph, predicate, first, list("then"), list("otherwise")));
}

napi_value addWhile(const Call& call) {
  Graph& graph = graphOf(call);
  While loop;
  eachOf(call, "states", [&](napi_value, const auto& value) {
    loop.states.push_back({value("before"), value("first"), value("next")});
  });
  loop.condition = valueIn(call, call[1], "condition");
  loop.maximum = integerOf(call.env, propertyOf(call.env, call[1], "maximum"));
  return typed(call, graph, addWhile(graph, loop));
}

napi_value addCustomGradient(const Call& call) {
  Graph& graph = graphOf(call);
  const auto list = [&](const char* name) { return valuesOf(call.env, propertyOf(call.env, call[1], name)); };
  const CustomGradient custom{list("ys"), list("xs"), list("upstream"), list("gradients")};
  return typed(call, graph, addCustomGradient(graph, custom));
}

napi_value addRemat(const Call& call) {
  Graph& graph = graphOf(call);
  const auto first = static_cast<Value>(integerOf(call.env, call[1]));
  return typed(call, graph, addRemat(graph, first, valuesOf(call.env, call[2])));
}

}  // namespace nodegrad::binding
