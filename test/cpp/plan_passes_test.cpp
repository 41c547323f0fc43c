// The passes of the plan one by one: what they make of a traced graph.
#include <gtest/gtest.h>

#include "host/buffer.h"
#include "plan/plan.h"
#include "support/fake_backend.h"
#include "support/graph_builder.h"

namespace nodegrad::testing {
namespace {

using plan::Ir;

Attrs same() { return Attrs{{"padding", std::string("same")}}; }

TEST(Specialize, MakesDynamicShapesConcreteAndDropsShapeOps) {
  GraphBuilder t;
  const Value x = t.graph.input({DType::F32, {kDynamic, 3}}, "x");
  t.feeds = {x};
  t.feedTypes = {{DType::F32, {5, 3}}};
  const Value w = t.variable({3});
  const Value loss = t.op("mean", {t.op("multiply", {x, w})});
  t.fetches = {loss, gradients(t.graph, {loss}, {w})[0]};
  const Ir ir = t.ir();
  EXPECT_EQ(ir.type(ir.fetches[1]).shape, Dims({3}));
  for (const char* like : {"sumLike", "sliceLike", "broadcastLike", "reshapeLike", "sizeRatio", "identity"})
    EXPECT_EQ(countOf(ir, like), 0) << like;
}

TEST(Specialize, LeavesOutWhatNobodyNeeds) {
  GraphBuilder t;
  const Value x = t.feed({4});
  t.op("exp", {x});
  t.fetches = {t.op("negative", {x})};
  EXPECT_EQ(opsOf(t.ir()), std::vector<std::string>{"negative"});
}

TEST(Specialize, RefusesAnInputThatIsNotFed) {
  GraphBuilder t;
  const Value x = t.graph.input({DType::F32, {2}}, "images");
  t.fetches = {t.op("negative", {x})};
  try {
    t.ir();
    FAIL() << "expected an error";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("images"), std::string::npos) << error.what();
  }
}

TEST(Simplify, MergesEqualNodesAndFoldsConstants) {
  GraphBuilder t;
  const Value x = t.feed({4});
  const Value two = t.op("add", {t.graph.constant(1), t.graph.constant(1)});
  const Value a = t.op("multiply", {t.op("exp", {x}), two});
  const Value b = t.op("multiply", {t.op("exp", {x}), two});
  t.fetches = {t.op("add", {t.op("multiply", {a, t.graph.constant(1)}), b})};
  Ir ir = t.ir();
  plan::simplify(ir);
  EXPECT_EQ(countOf(ir, "exp"), 1);
  EXPECT_EQ(countOf(ir, "multiply"), 1);
  EXPECT_EQ(countOf(ir, "add"), 1);
  ASSERT_EQ(countOf(ir, "constant"), 1);
  EXPECT_EQ(nodeOf(ir, "constant")->attrs.number("value"), 2);
}

TEST(Simplify, MovesTheMaskOfAReluBehindThePooling) {
  GraphBuilder t;
  const Value x = t.feed({2, 8, 8, 4});
  const Value w = t.variable({3, 3, 4, 8});
  const Value r = t.op("relu", {t.op("conv", {x, w}, same())});
  const Value y = t.op("maxPool", {r}, Attrs{{"poolSize", Dims{2, 2}}, {"strides", Dims{2, 2}}});
  t.fetches = {gradients(t.graph, {t.op("sum", {t.op("square", {y})})}, {w})[0]};
  Ir ir = t.ir();
  plan::simplify(ir);
  ASSERT_EQ(countOf(ir, "where"), 1);
  EXPECT_EQ(ir.type(nodeOf(ir, "where")->outputs[0]).shape, Dims({2, 4, 4, 8}));
}

struct ConvNet : GraphBuilder {
  Value x, w, b, y;
  StoragePtr storeW, storeB;
  explicit ConvNet(const std::string& activation) {
    x = feed({2, 8, 8, 4});
    w = variable({3, 3, 4, 8}, &storeW);
    b = variable({8}, &storeB);
    const Value sum = op("add", {op("conv", {x, w}, same()), b});
    y = activation.empty() ? sum : op(activation, {sum});
  }
};

TEST(FuseCompute, TakesBiasAndActivationIntoTheConvolution) {
  ConvNet t("relu");
  t.fetches = {t.y};
  Ir ir = t.ir();
  plan::fuseCompute(ir, FakeBackend());
  ASSERT_EQ(opsOf(ir), std::vector<std::string>{"conv"});
  EXPECT_EQ(ir.nodes[plan::NodeId(0)].inputs.size(), 3u);
  EXPECT_EQ(ir.nodes[plan::NodeId(0)].attrs.text("activation"), "relu");
}

TEST(FuseCompute, TakesAnActivationAfterAReshapeIntoTheDenseLayer) {
  GraphBuilder t;
  const Value x = t.feed({2, 5, 3}), w = t.variable({3, 8}), b = t.variable({8});
  const auto reshaped = [&](const Value& value, const Dims& shape) {
    return t.op("reshape", {value}, {{"shape", shape}});
  };
  const Value rows = t.op("add", {t.op("matmul", {reshaped(x, {10, 3}), w}), b});
  t.fetches = {t.op("relu", {reshaped(rows, {2, 5, 8})})};
  Ir ir = t.ir();
  plan::fuseCompute(ir, FakeBackend());
  EXPECT_EQ(countOf(ir, "relu"), 0);
  ASSERT_EQ(countOf(ir, "innerProduct"), 1);
  EXPECT_EQ(nodeOf(ir, "innerProduct")->attrs.text("activation"), "relu");
  EXPECT_EQ(ir.type(ir.fetches[0]).shape, Dims({2, 5, 8}));
}

TEST(FuseCompute, LeavesAnActivationWhoseInputIsUsedElsewhere) {
  ConvNet t("");
  t.fetches = {t.op("relu", {t.y}), t.op("exp", {t.y})};
  Ir ir = t.ir();
  plan::fuseCompute(ir, FakeBackend());
  EXPECT_EQ(countOf(ir, "relu"), 1);
  EXPECT_EQ(countOf(ir, "add"), 0);
}

TEST(FuseCompute, GetsTheBiasGradientFromTheWeightGradient) {
  ConvNet t("relu");
  const auto grads = gradients(t.graph, {t.op("sum", {t.op("square", {t.y})})}, {t.w, t.b});
  t.updates = {{t.storeW, t.op("subtract", {t.w, grads[0]})}, {t.storeB, t.op("subtract", {t.b, grads[1]})}};
  Ir ir = t.ir();
  plan::simplify(ir);
  plan::fuseCompute(ir, FakeBackend());
  ASSERT_EQ(countOf(ir, "convBackwardFilter"), 1);
  EXPECT_EQ(nodeOf(ir, "convBackwardFilter")->outputs.size(), 2u);
}

TEST(FuseCompute, GetsABiasGradientOnceWhereTwoWeightsShareIt) {
  GraphBuilder t;
  const Value x = t.feed({5, 3}), h = t.feed({5, 4});
  StoragePtr storeW, storeU, storeB;
  const Value w = t.variable({3, 8}, &storeW), u = t.variable({4, 8}, &storeU), b = t.variable({8}, &storeB);
  const Value z = t.op("add", {t.op("add", {t.op("matmul", {x, w}), t.op("matmul", {h, u})}), b});
  const auto grads = gradients(t.graph, {t.op("sum", {t.op("square", {z})})}, {w, u, b});
  t.updates = {{storeW, grads[0]}, {storeU, grads[1]}, {storeB, grads[2]}};
  Ir ir = t.ir();
  plan::simplify(ir);
  plan::fuseCompute(ir, FakeBackend());
  ASSERT_EQ(countOf(ir, "innerProductBackwardWeights"), 2);
  size_t outputs = 0;
  for (const plan::IrNode& node : ir.nodes)
    if (node.op == "innerProductBackwardWeights") outputs += node.outputs.size();
  EXPECT_EQ(outputs, 3u);
}

TEST(FuseCompute, MakesDenseLayersThatReadTheImageAsItLies) {
  GraphBuilder t;
  const Value x = t.feed({2, 4, 4, 8});
  StoragePtr store, storeConv;
  const Value k = t.variable({1, 1, 8, 8}, &storeConv);
  const Value w = t.variable({128, 10}, &store);
  const Value image = t.op("conv", {x, k});
  const Value y = t.op("matmul", {t.op("reshape", {image}, Attrs{{"shape", Dims{2, 128}}}), w});
  const auto grads = gradients(t.graph, {t.op("sum", {t.op("square", {y})})}, {w, k});
  t.updates = {{store, t.op("subtract", {w, grads[0]})}, {storeConv, t.op("subtract", {k, grads[1]})}};
  Ir ir = t.ir();
  plan::simplify(ir);
  plan::fuseCompute(ir, FakeBackend());
  EXPECT_EQ(countOf(ir, "matmul"), 0);
  EXPECT_EQ(countOf(ir, "reshape"), 0);
  ASSERT_TRUE(nodeOf(ir, "innerProduct") && nodeOf(ir, "innerProductBackwardData") &&
              nodeOf(ir, "innerProductBackwardWeights"));
  EXPECT_EQ(ir.type(nodeOf(ir, "innerProductBackwardData")->outputs[0]).shape, Dims({2, 4, 4, 8}));
  EXPECT_EQ(ir.type(nodeOf(ir, "innerProductBackwardWeights")->inputs[0]).shape, Dims({2, 4, 4, 8}));
}

TEST(FuseElementwise, MakesAConditionWhereItIsUsed) {
  GraphBuilder t;
  const Value x = t.feed({4, 8}), w = t.variable({8, 8});
  const Value r = t.op("relu", {t.op("add", {t.op("matmul", {x, w}), x})});
  t.fetches = {gradients(t.graph, {t.op("sum", {t.op("square", {t.op("matmul", {r, w})})})}, {w})[0]};
  Ir ir = t.ir();
  plan::simplify(ir);
  plan::fuseElementwise(ir);
  for (const plan::IrNode& node : ir.nodes)
    for (plan::ValueId output : node.outputs) EXPECT_EQ(ir.type(output).dtype, DType::F32) << node.op;
}

TEST(FuseElementwise, MakesOneChainOfADiamond) {
  GraphBuilder t;
  const Value x = t.feed({4, 3});
  const Value e = t.op("exp", {x});
  t.fetches = {t.op("add", {t.op("negative", {e}), t.op("multiply", {e, t.graph.constant(3)})})};
  Ir ir = t.ir();
  plan::simplify(ir);
  plan::fuseElementwise(ir);
  ASSERT_EQ(opsOf(ir), std::vector<std::string>{"fusedElementwise"});
  EXPECT_EQ(ir.nodes[plan::NodeId(0)].program->inputs, 1);
  EXPECT_EQ(ir.nodes[plan::NodeId(0)].program->steps.size(), 5u);  // with the constant
}

TEST(FuseElementwise, DoesNotReachAroundAnotherOp) {
  GraphBuilder t;
  const Value x = t.feed({4, 4});
  const Value e = t.op("exp", {x});
  t.fetches = {t.op("add", {t.op("negative", {e}), t.op("matmul", {e, e})})};
  Ir ir = t.ir();
  plan::fuseElementwise(ir);  // fails where a chain would wait for itself
  EXPECT_EQ(countOf(ir, "matmul"), 1);
}

TEST(FuseElementwise, KeepsWhatIsFetchedOfAChain) {
  GraphBuilder t;
  const Value x = t.feed({4});
  const Value e = t.op("exp", {x});
  t.fetches = {e, t.op("negative", {e})};
  Ir ir = t.ir();
  plan::fuseElementwise(ir);
  ASSERT_EQ(ir.nodes.size(), 1u);
  EXPECT_EQ(ir.nodes[plan::NodeId(0)].outputs.size(), 2u);
}

TEST(Layout, ParametersLieAsTheConvolutionWantsThemWhoeverReadsThemFirst) {
  ConvNet t("relu");
  const Value penalty = t.op("sum", {t.op("square", {t.w})});
  const Value loss = t.op("add", {penalty, t.op("sum", {t.op("square", {t.y})})});
  const Value grad = gradients(t.graph, {loss}, {t.w})[0];
  t.updates = {{t.storeW, t.op("sgdUpdate", {t.w, grad, t.graph.constant(0.1)})}};
  Ir ir = t.ir();
  plan::simplify(ir);
  plan::fuseCompute(ir, FakeBackend());
  plan::fuseElementwise(ir);
  FakeBackend backend;
  plan::chooseLayouts(ir, backend);
  ASSERT_EQ(ir.storages[0], t.storeW);
  EXPECT_TRUE(ir.values[ir.parameters[0]].layout);
  EXPECT_TRUE(ir.values[ir.updates[0].value].layout);
}

// A table, the square of what is gathered from it as the loss, and a momentum update.
struct TableNet : GraphBuilder {
  StoragePtr storeTable, storeSlot;
  Value table, gradient, next;
  explicit TableNet(int64_t axis = 0) {
    const Value ids = feed({4, 2}, DType::I32);
    table = variable({9, 9}, &storeTable);
    const Value rows = op("gather", {table, ids}, Attrs{{"axis", axis}});
    gradient = gradients(graph, {op("sum", {op("square", {rows})})}, {table})[0];
  }
  void update(Value g) {
    const Value slot =
        graph.parameter(storeSlot = hostStorage({DType::F32, {9, 9}}, nullptr), {DType::F32, {9, 9}});
    const auto out =
        graph.op("momentumUpdate", {table, g, slot, graph.constant(0.1)}, Attrs{{"momentum", 0.9}});
    updates = {{storeTable, out[0]}, {storeSlot, out[1]}};
  }
};

TEST(FuseUpdates, TakesTheGradientsOfGatheredRowsAsTheyAre) {
  TableNet t;
  t.update(t.gradient);
  Ir ir = t.ir();
  plan::simplify(ir);
  plan::fuseUpdates(ir, FakeBackend());
  EXPECT_EQ(countOf(ir, "gatherBackward"), 0);
  ASSERT_EQ(countOf(ir, "rowsUpdate"), 1);
  const plan::IrNode* node = nodeOf(ir, "rowsUpdate");
  EXPECT_EQ(node->attrs.text("rule"), "momentumUpdate");
  EXPECT_EQ(ir.type(node->inputs[1]).shape, (Dims{4, 2, 9}));
  EXPECT_EQ(node->inputs.back(), ir.feeds[0]);
}

TEST(FuseUpdates, LeavesAGradientThatIsCutOrFetchedOrOfColumns) {
  TableNet cut, fetched, columns(1);
  cut.update(cut.op("minimum", {cut.gradient, cut.graph.constant(1)}));
  fetched.update(fetched.gradient);
  fetched.fetches = {fetched.gradient};
  columns.update(columns.gradient);
  for (GraphBuilder* t : std::vector<GraphBuilder*>{&cut, &fetched, &columns}) {
    Ir ir = t->ir();
    plan::simplify(ir);
    plan::fuseUpdates(ir, FakeBackend());
    EXPECT_EQ(countOf(ir, "rowsUpdate"), 0);
    EXPECT_EQ(countOf(ir, "momentumUpdate"), 1);
  }
}

TEST(FuseUpdates, LeavesIndicesThatNoGatherHasChecked) {
  TableNet t;
  const Value rows = t.feed({4, 2, 9}), ids = t.feed({4, 2}, DType::I32);
  t.update(t.op("gatherBackward", {rows, ids, t.table}));
  Ir ir = t.ir();
  plan::simplify(ir);
  plan::fuseUpdates(ir, FakeBackend());
  EXPECT_EQ(countOf(ir, "rowsUpdate"), 0);
}

TEST(JoinUpdates, JoinsSmallWeightsOfOneRule) {
  GraphBuilder t;
  const Value rate = t.graph.constant(0.1), other = t.feed({});
  const auto add = [&](const Dims& shape, Value with) {
    StoragePtr store;
    const Value w = t.variable(shape, &store), g = t.op("exp", {w});
    t.updates.emplace_back(store, t.op("sgdUpdate", {w, g, with}));
    return t.updates.back().second;
  };
  add({8}, rate);
  add({64, 512}, rate);  // large
  add({3, 4}, rate);
  add({5}, other);  // another rate
  const Value read = add({6}, rate);
  add({7}, rate);
  t.fetches = {t.op("softmax", {read})};
  Ir ir = t.ir();
  FakeBackend backend;
  plan::chooseLayouts(ir, backend);
  plan::joinUpdates(ir);
  plan::schedule(ir);
  EXPECT_EQ(countOf(ir, "sgdUpdate"), 4);
  std::vector<size_t> sizes;
  for (const plan::IrUpdate& update : ir.updates) {
    const plan::IrNode* node = ir.producer(update.value);
    ASSERT_TRUE(node);
    const size_t output = ir.values[update.value].index;
    EXPECT_EQ(node->outputs[output], update.value);
    EXPECT_EQ(node->inputs[2 * output], ir.parameters[update.parameter]);
    sizes.push_back(node->outputs.size());
  }
  EXPECT_EQ(sizes, (std::vector<size_t>{3, 1, 3, 1, 1, 3}));
  const plan::MemoryMap map = plan::assignMemory(ir, backend, plan::PerNode<size_t>(ir.nodes.size()));
  EXPECT_TRUE(map.copies.empty());
}

TEST(JoinUpdates, LetsOnlySoManyGradientsWait) {
  GraphBuilder t;
  const Value rate = t.graph.constant(0.1);
  for (int i = 0; i < 40; ++i) {
    StoragePtr store;
    const Value w = t.variable({128, 128}, &store);
    t.updates.emplace_back(store, t.op("sgdUpdate", {w, t.op("exp", {w}), rate}));
  }
  Ir ir = t.ir();
  plan::joinUpdates(ir);
  ASSERT_EQ(countOf(ir, "sgdUpdate"), 3);  // of 64 KiB each, 16 make the MiB
}

TEST(Layout, PutsOneReorderWhereTwoLayoutsMeet) {
  ConvNet t("");
  t.fetches = {t.op("softmax", {t.y}), t.op("logSoftmax", {t.y})};
  Ir ir = t.ir();
  plan::fuseCompute(ir, FakeBackend());
  FakeBackend backend;
  plan::chooseLayouts(ir, backend);
  // The image, and the result once for both readers; the weights lie blocked from the start.
  EXPECT_EQ(countOf(ir, "reorder"), 2);
}

TEST(Schedule, UpdatesAVariableAfterItsLastReader) {
  GraphBuilder t;
  const Value x = t.feed({4});
  StoragePtr store;
  const Value w = t.variable({4}, &store);
  const Value next = t.op("add", {w, x});
  t.updates = {{store, next}};
  t.fetches = {t.op("exp", {t.op("softmax", {w})})};
  Ir ir = t.ir();
  FakeBackend backend;
  plan::chooseLayouts(ir, backend);
  plan::markInvariant(ir);
  plan::schedule(ir);
  plan::NodeId reader, writer;
  for (plan::NodeId n : ir.nodes.ids()) {
    if (ir.nodes[n].op == "softmax") reader = n;
    if (ir.nodes[n].op == "add") writer = n;
  }
  EXPECT_TRUE(reader);
  EXPECT_LT(reader, writer);
}

TEST(Schedule, RunsWhatMayFailBeforeAnyUpdate) {
  GraphBuilder t;
  const Value labels = t.feed({4}, DType::I32);
  StoragePtr store;
  const Value w = t.variable({4, 3}, &store);
  t.updates = {{store, t.op("sgdUpdate", {w, t.op("exp", {w}), t.graph.constant(0.1)})}};
  t.fetches = {t.op("sparseSoftmaxCrossEntropy", {t.op("negative", {t.op("exp", {w})}), labels})};
  Ir ir = t.ir();
  FakeBackend backend;
  plan::chooseLayouts(ir, backend);
  plan::markInvariant(ir);
  plan::schedule(ir);
  plan::NodeId loss, update;
  for (plan::NodeId n : ir.nodes.ids()) {
    if (ir.nodes[n].op == "sparseSoftmaxCrossEntropy") loss = n;
    if (ir.nodes[n].op == "sgdUpdate") update = n;
  }
  EXPECT_TRUE(loss);
  EXPECT_LT(loss, update);
}

// Every pair of values that are alive at once must lie apart, in a step with reuse, aliases and in-place
// chains.
TEST(Memory, NeverLetsTwoLiveValuesOverlap) {
  GraphBuilder t;
  Value v = t.feed({64, 64});
  std::vector<Value> kept;
  for (int i = 0; i < 12; ++i) {
    v = t.op(i % 3 ? "softmax" : "exp", {v});
    if (i % 4 == 0) kept.push_back(v);
    if (i % 5 == 0) v = t.op("reshape", {v}, Attrs{{"shape", Dims{i % 2 ? 64 : 32, i % 2 ? 64 : 128}}});
    if (t.graph.type(v).shape[0] == 32) v = t.op("reshape", {v}, Attrs{{"shape", Dims{64, 64}}});
  }
  for (Value other : kept) v = t.op("matmul", {v, other});
  t.fetches = {v};
  Ir ir = t.ir();
  plan::fuseElementwise(ir);
  FakeBackend backend;
  plan::chooseLayouts(ir, backend);
  plan::markInvariant(ir);
  plan::schedule(ir);
  const plan::PerNode<size_t> scratch(ir.nodes.size(), 4096);
  const plan::MemoryMap map = plan::assignMemory(ir, backend, scratch);

  size_t all = 0;
  struct Piece {
    size_t from, to;
    plan::NodeId first, last;
    plan::ValueId value;
  };
  std::vector<Piece> pieces;
  for (plan::NodeId n : ir.nodes.ids()) {
    pieces.push_back({map.scratch[n], map.scratch[n] + scratch[n], n, n, {}});
    for (plan::ValueId output : ir.nodes[n].outputs) {
      const plan::Slot& slot = map.slots[output];
      if (slot.kind != plan::MemoryKind::Arena) continue;
      const size_t bytes = plan::bytesOf(ir.values[output]);
      plan::NodeId last = n;
      for (plan::NodeId reader : plan::memoryReaders(ir, output)) last = std::max(last, reader);
      pieces.push_back({slot.offset, slot.offset + bytes, n, last, output});
      all += bytes;
    }
  }
  for (const Piece& a : pieces)
    for (const Piece& b : pieces) {
      // b is made while a is still needed: not even where a's last reader makes it, unless that happens in
      // place.
      if (&a == &b || !(a.first < b.first) || a.last < b.first) continue;
      const bool sameMemory = a.from == b.from && a.last == b.first && b.value;
      const bool alias = b.value && plan::isAlias(ir, *ir.producer(b.value));
      if (alias || (sameMemory && ir.producer(b.value)->op == "fusedElementwise")) continue;
      EXPECT_TRUE(a.to <= b.from || b.to <= a.from)
          << "values " << a.value.index() << " and " << b.value.index();
    }
  EXPECT_LT(map.arenaBytes, all);
}

// h over two steps of an LSTM, and maybe what it keeps last.
size_t outputsOfLstm(bool readsKept) {
  GraphBuilder t;
  const Value x = t.feed({2, 3, 8}), kernel = t.variable({2, 8});
  const std::vector<Value> made = t.graph.op("lstm", {x, kernel}, {});
  t.fetches = {made[0]};
  if (readsKept) t.fetches.push_back(made[3]);
  plan::Ir ir = t.ir();
  plan::dropOutputs(ir, FakeBackend());
  return nodeOf(ir, "lstm")->outputs.size();
}

TEST(DropOutputs, DropsWhatNobodyReads) {
  EXPECT_EQ(outputsOfLstm(false), 2U);
  EXPECT_EQ(outputsOfLstm(true), 5U);  // of what is read, with all that comes before it
}

TEST(Plan, DoesWithoutFusionsWhereTheirKernelsCannotBeMade) {
  const auto planned = [](FakeBackend& backend, Compute compute) {
    GraphBuilder t;
    const Value x = t.feed({2, 8, 8, 16}), r = t.feed({2, 8, 8, 16});
    const Value y = t.op("conv", {x, t.variable({3, 3, 16, 16})}, same());
    t.fetches = {t.op("relu", {t.op("add", {y, r})})};
    return plan::Plan(t.ir(), backend, compute).describe();
  };
  FakeBackend backend;
  EXPECT_NE(planned(backend, Compute::Float32).find("conv+relu"), std::string::npos);
  backend.failsFused = true;
  for (Compute compute : {Compute::Float32, Compute::TensorFloat32, Compute::BFloat16}) {
    const std::string plan = planned(backend, compute);
    EXPECT_EQ(plan.find("conv+relu"), std::string::npos) << plan;
    EXPECT_NE(plan.find("{add relu}"), std::string::npos) << plan;
    EXPECT_NE(plan.find("without fusions, because of: [conv] has no kernel"), std::string::npos) << plan;
  }
  backend.failing = "conv";
  EXPECT_THROW(planned(backend, Compute::Float32), Error);
}

}  // namespace
}  // namespace nodegrad::testing
