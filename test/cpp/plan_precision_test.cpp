// Which values of a plan become bfloat16.
#include <gtest/gtest.h>

#include "graph/precision.h"
#include "support/fake_backend.h"
#include "support/graph_builder.h"

namespace nodegrad::testing {
namespace {

using plan::Ir;

Ir planned(const GraphBuilder& t) {
  Ir ir = t.ir();
  plan::simplify(ir);
  plan::fuseCompute(ir, FakeBackend());
  plan::fuseElementwise(ir);
  FakeBackend backend;
  plan::choosePrecision(ir, backend);
  return ir;
}

DType dtypeOf(const Ir& ir, plan::ValueId value) { return ir.type(value).dtype; }

// Convolution, bias, ReLU, max-pooling, a dense layer and a loss, trained by gradient descent.
struct Classifier : GraphBuilder {
  Classifier() {
    const Value x = feed({4, 8, 8, 3}), labels = feed({4}, DType::I32), rate = graph.constant(0.1);
    StoragePtr kernel, dense;
    const Value w = variable({3, 3, 3, 8}, &kernel), v = variable({128, 10}, &dense), b = variable({8});
    const Value y = op("relu", {op("add", {op("conv", {x, w}), b})});
    const Value pooled = op("maxPool", {y}, Attrs{{"poolSize", Dims{2, 2}}, {"strides", Dims{2, 2}}});
    const Value flat = op("reshape", {op("tanh", {pooled})}, Attrs{{"shape", Dims{4, 72}}});
    const Value u = op("slice", {v}, Attrs{{"begin", Dims{0, 0}}, {"end", Dims{72, 10}}});
    const Value logits = op("matmul", {flat, u});
    const Value loss = op("mean", {op("sparseSoftmaxCrossEntropy", {logits, labels})});
    const auto g = gradients(graph, {loss}, {w, v});
    updates = {{kernel, op("sgdUpdate", {w, g[0], rate})}, {dense, op("sgdUpdate", {v, g[1], rate})}};
    fetches = {loss};
  }
};

TEST(Precision, ActivationsAreHalvesAndTheRestIsNot) {
  const Ir ir = planned(Classifier());
  for (plan::ValueId value : ir.fetches) EXPECT_EQ(dtypeOf(ir, value), DType::F32);
  for (plan::ValueId value : ir.parameters) EXPECT_EQ(dtypeOf(ir, value), DType::F32);
  for (const plan::IrUpdate& update : ir.updates) EXPECT_EQ(dtypeOf(ir, update.value), DType::F32);
  int convolutions = 0;
  for (const plan::IrNode& node : ir.nodes) {
    const bool convolution = node.op.rfind("conv", 0) == 0;
    convolutions += convolution;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const DType dtype = dtypeOf(ir, node.inputs[i]);
      if (convolution && i < 2) {
        EXPECT_EQ(dtype, DType::BF16) << node.op;
      }
      for (const char* exact : {"sgdUpdate", "mean", "sparseSoftmaxCrossEntropy"})
        EXPECT_FALSE(node.op == exact && dtype == DType::BF16) << node.op;
    }
  }
  EXPECT_EQ(convolutions, 2);
  EXPECT_EQ(dtypeOf(ir, nodeOf(ir, "conv")->outputs[0]), DType::BF16);
  EXPECT_EQ(dtypeOf(ir, nodeOf(ir, "maxPool")->outputs[0]), DType::BF16);
  EXPECT_EQ(dtypeOf(ir, nodeOf(ir, "maxPool")->outputs[1]), DType::U8);
  EXPECT_EQ(dtypeOf(ir, nodeOf(ir, "maxPoolBackward")->outputs[0]), DType::BF16);
  for (plan::ValueId output : nodeOf(ir, "convBackwardFilter")->outputs)
    EXPECT_EQ(dtypeOf(ir, output), DType::F32);
}

TEST(Precision, AWeightIsCopiedOnceForBothPasses) {
  GraphBuilder t;
  const Value x = t.feed({2, 6, 6, 4});
  const Value w = t.variable({3, 3, 4, 8});
  const Value y = t.op("conv", {t.op("negative", {x}), w});
  t.fetches = {gradients(t.graph, {t.op("sum", {t.op("square", {y})})}, {x})[0]};
  const Ir ir = planned(t);
  int copies = 0;
  for (const plan::IrNode& node : ir.nodes)
    copies += node.op == "reorder" && ir.values[node.inputs[0]].origin == plan::Origin::Parameter;
  EXPECT_EQ(copies, 1);
  EXPECT_EQ(nodeOf(ir, "conv")->inputs[1], nodeOf(ir, "convBackwardData")->inputs[0]);
}

TEST(Precision, CopiesOfWeightsComeStraightFromTheWeights) {
  Ir ir = planned(Classifier());
  FakeBackend backend;
  plan::chooseLayouts(ir, backend);
  for (const plan::IrNode& node : ir.nodes) {
    if (node.op != "reorder") continue;
    const plan::IrNode* from = ir.producer(node.inputs[0]);
    EXPECT_FALSE(from && from->op == "reorder");
  }
}

TEST(Precision, WhatIsFetchedStaysFloat32BesideACopy) {
  GraphBuilder t;
  const Value x = t.feed({2, 6, 6, 4});
  const Value y = t.op("conv", {x, t.variable({3, 3, 4, 8})});
  t.fetches = {y, t.op("conv", {y, t.variable({3, 3, 8, 8})})};
  const Ir ir = planned(t);
  for (plan::ValueId value : ir.fetches) EXPECT_EQ(dtypeOf(ir, value), DType::F32);
  EXPECT_EQ(countOf(ir, "reorder"), 4);  // the input, two weights and what is fetched
}

TEST(Precision, AChainStoresBothWhereBothAreRead) {
  GraphBuilder t;
  const Value x = t.feed({2, 6, 6, 4});
  const Value y = t.op("exp", {t.op("negative", {x})});
  t.fetches = {t.op("mean", {y}), t.op("conv", {y, t.variable({3, 3, 4, 8})})};
  const Ir ir = planned(t);
  const plan::IrNode* chain = nodeOf(ir, "fusedElementwise");
  ASSERT_EQ(chain->outputs.size(), 2u);
  EXPECT_EQ(chain->program->outputs[0], chain->program->outputs[1]);
  EXPECT_EQ(dtypeOf(ir, nodeOf(ir, "mean")->inputs[0]), DType::F32);
  EXPECT_EQ(dtypeOf(ir, nodeOf(ir, "conv")->inputs[0]), DType::BF16);
  EXPECT_EQ(countOf(ir, "reorder"), 1);  // the weights
}

TEST(Precision, ArithmeticOnWeightsStaysFloat32) {
  GraphBuilder t;
  const Value x = t.feed({2, 6, 6, 4});
  const Value w = t.variable({3, 3, 4, 8});
  const Value centred = t.op("subtract", {w, t.op("mean", {w})});
  const Value scaled =
      t.op("multiply", {t.op("transpose", {centred}, {{"perm", Dims{0, 1, 2, 3}}}), t.graph.constant(2)});
  t.fetches = {t.op("conv", {x, scaled})};
  const Ir ir = planned(t);
  ASSERT_NE(nodeOf(ir, "mean"), nullptr);
  EXPECT_EQ(dtypeOf(ir, nodeOf(ir, "mean")->outputs[0]), DType::F32);
  EXPECT_EQ(dtypeOf(ir, nodeOf(ir, "conv")->inputs[1]), DType::BF16);
}

TEST(Precision, TheSmallerSideOfAPoolingIsConverted) {
  GraphBuilder t;
  const Value x = t.feed({2, 8, 8, 4});
  const Value probabilities = t.op("softmax", {x});
  const Value y = t.op("maxPool", {probabilities}, Attrs{{"poolSize", Dims{2, 2}}, {"strides", Dims{2, 2}}});
  t.fetches = {t.op("conv", {y, t.variable({3, 3, 4, 8})})};
  const Ir ir = planned(t);
  const plan::IrNode* pool = nodeOf(ir, "maxPool");
  EXPECT_EQ(dtypeOf(ir, pool->inputs[0]), DType::F32);
  EXPECT_EQ(dtypeOf(ir, pool->outputs[0]), DType::F32);
  EXPECT_EQ(dtypeOf(ir, nodeOf(ir, "conv")->inputs[0]), DType::BF16);
}

TEST(Precision, ASumReadsHalvesAsTheyAre) {
  GraphBuilder t;
  const Value y = t.op("conv", {t.feed({2, 6, 6, 4}), t.variable({3, 3, 4, 8})});
  t.fetches = {t.op("sum", {y}), t.op("conv", {y, t.variable({3, 3, 8, 8})})};
  const Ir ir = planned(t);
  EXPECT_EQ(nodeOf(ir, "sum")->inputs[0], nodeOf(ir, "conv")->outputs[0]);
  EXPECT_EQ(dtypeOf(ir, nodeOf(ir, "sum")->inputs[0]), DType::BF16);
  EXPECT_EQ(dtypeOf(ir, nodeOf(ir, "sum")->outputs[0]), DType::F32);
}

// What is converted: the input, and each weight once. Everything between the convolutions is bfloat16.
TEST(Precision, NormalizedImagesStayHalves) {
  GraphBuilder t;
  const Value w = t.variable({3, 3, 4, 8}), v = t.variable({3, 3, 8, 8});
  const Value gamma = t.variable({8}), beta = t.variable({8});
  const Value x = t.op("conv", {t.feed({2, 12, 12, 4}), w});
  Value y = t.graph.op("batchNormalization", {x, gamma, beta})[0];
  y = t.op("maxPool", {t.op("relu", {y})}, Attrs{{"poolSize", Dims{2, 2}}, {"strides", Dims{2, 2}}});
  y = t.op("conv", {y, v});
  y = t.op("relu", {t.graph.op("batchNormalization", {y, gamma, beta})[0]});
  t.fetches = gradients(t.graph, {t.op("sum", {t.op("square", {t.op("conv", {y, v})})})}, {w, v, gamma});
  Ir ir = t.ir();
  plan::simplify(ir);
  plan::fuseNorm(ir, FakeBackend());
  plan::fuseElementwise(ir);
  FakeBackend backend;
  plan::choosePrecision(ir, backend);
  int images = 0;
  for (const plan::IrNode& node : ir.nodes) {
    if (node.op == "reorder") {
      EXPECT_EQ(ir.producer(node.inputs[0]), nullptr);
    }
    if (node.op.rfind("batchNorm", 0) != 0) continue;
    for (const auto* values : {&node.inputs, &node.outputs})
      for (plan::ValueId value : *values) {
        const TensorType& type = ir.type(value);
        if (type.dtype == DType::U8) continue;
        EXPECT_EQ(type.dtype, type.shape.size() > 1 ? DType::BF16 : DType::F32) << node.op;
        images += type.shape.size() > 1;
      }
  }
  EXPECT_EQ(images, 2 + 3 + 2 + 3 + 4);  // statistics, two forward passes and their gradients
}

// The results of a node whose operands are alike are bfloat16 together or not at all.
TEST(Precision, ANodeWithAFetchedResultStaysFloat32) {
  GraphBuilder t;
  const Value x = t.op("conv", {t.feed({2, 12, 12, 4}), t.variable({3, 3, 4, 8})});
  const Value y = t.op("maxPool", {x}, Attrs{{"poolSize", Dims{2, 2}}, {"strides", Dims{2, 2}}});
  t.fetches = {y, t.op("conv", {y, t.variable({3, 3, 8, 8})})};
  const Ir ir = planned(t);
  for (const auto* values : {&nodeOf(ir, "maxPool")->inputs, &nodeOf(ir, "maxPool")->outputs})
    EXPECT_EQ(dtypeOf(ir, values->front()), DType::F32);
}

TEST(Precision, WhatIsReadAsFloat32IsConvertedWhereItIsSmaller) {
  GraphBuilder t;
  const Value x = t.op("conv", {t.feed({2, 12, 12, 4}), t.variable({3, 3, 4, 8})});
  const Value y = t.op("maxPool", {x}, Attrs{{"poolSize", Dims{2, 2}}, {"strides", Dims{2, 2}}});
  t.fetches = {t.op("softmax", {y}), t.op("conv", {x, t.variable({3, 3, 8, 8})})};
  const Ir ir = planned(t);
  EXPECT_EQ(dtypeOf(ir, nodeOf(ir, "maxPool")->outputs[0]), DType::BF16);
  EXPECT_EQ(dtypeOf(ir, nodeOf(ir, "softmax")->inputs[0]), DType::F32);
}

// A convolution in one precision, and bias and ReLU in another.
Ir convolutionAndRelu(const std::string& first, const std::string& second, Compute compute) {
  GraphBuilder t;
  const Value x = t.feed({2, 6, 6, 4}), w = t.variable({3, 3, 4, 8}), b = t.variable({8});
  const auto in = [](const std::string& precision, const auto& made) {
    const PrecisionScope scope(precision);
    return made();
  };
  const Value y = in(first, [&] { return t.op("conv", {x, w}); });
  t.fetches = {in(second, [&] { return t.op("relu", {t.op("add", {y, b})}); })};
  Ir ir = t.ir();
  FakeBackend backend;
  plan::runPasses(ir, backend, true, compute, plan::verify);
  return ir;
}

TEST(Precision, FusionsStayWithinThatOfALayer) {
  for (const char* precision : {"", "float32", "bfloat16"})
    EXPECT_EQ(countOf(convolutionAndRelu(precision, precision, Compute::BFloat16), "fusedElementwise"), 0);
  const Ir apart = convolutionAndRelu("bfloat16", "float32", Compute::BFloat16);
  ASSERT_EQ(countOf(apart, "fusedElementwise"), 1);
  EXPECT_EQ(precisionOf(nodeOf(apart, "conv")->attrs), "bfloat16");
  EXPECT_EQ(precisionOf(nodeOf(apart, "fusedElementwise")->attrs), "float32");
}

TEST(Precision, OfALayerGoesBeforeThatOfTheProgram) {
  for (const Compute compute : {Compute::Float32, Compute::TensorFloat32, Compute::BFloat16}) {
    const Ir exact = convolutionAndRelu("float32", "float32", compute);
    EXPECT_EQ(dtypeOf(exact, nodeOf(exact, "conv")->inputs[0]), DType::F32);
    EXPECT_EQ(exact.spec(*nodeOf(exact, "conv")).compute, Compute::Float32);
    const Ir allowed = convolutionAndRelu("tensorFloat32", "", compute);
    EXPECT_EQ(dtypeOf(allowed, nodeOf(allowed, "conv")->inputs[0]), DType::F32);
    EXPECT_EQ(allowed.spec(*nodeOf(allowed, "conv")).compute, Compute::TensorFloat32);
    const Ir rounded = convolutionAndRelu("bfloat16", "", compute);
    EXPECT_EQ(dtypeOf(rounded, nodeOf(rounded, "conv")->inputs[0]), DType::BF16);
    EXPECT_EQ(rounded.spec(*nodeOf(rounded, "conv")).compute, Compute::BFloat16);
  }
}

TEST(Precision, OfTheProgramHoldsForWhatIsNoLayerInBfloat16) {
  GraphBuilder t;
  const Value x = t.feed({4, 8});
  Value y;
  {
    const PrecisionScope scope("bfloat16");
    y = t.op("matmul", {x, t.variable({8, 8})});
  }
  t.fetches = {y, t.op("conv", {t.feed({2, 6, 6, 4}), t.variable({3, 3, 4, 8})})};
  for (const Compute compute : {Compute::Float32, Compute::TensorFloat32}) {
    Ir ir = t.ir();
    FakeBackend backend;
    plan::runPasses(ir, backend, true, compute, plan::verify);
    EXPECT_EQ(ir.spec(*nodeOf(ir, "conv")).compute, compute);
  }
}

TEST(Precision, OfALayerHoldsForItsGradientToo) {
  GraphBuilder t;
  const Value x = t.feed({2, 6, 6, 4}), w = t.variable({3, 3, 4, 8});
  Value y;
  {
    const PrecisionScope scope("float32");
    y = t.op("conv", {x, w});
  }
  t.fetches = gradients(t.graph, {t.op("sum", {t.op("square", {y})})}, {x, w});
  Ir ir = t.ir();
  FakeBackend backend;
  plan::runPasses(ir, backend, true, Compute::BFloat16, plan::verify);
  for (const char* op : {"conv", "convBackwardData", "convBackwardFilter"}) {
    ASSERT_NE(nodeOf(ir, op), nullptr) << op;
    EXPECT_EQ(precisionOf(nodeOf(ir, op)->attrs), "float32") << op;
    for (plan::ValueId input : nodeOf(ir, op)->inputs) EXPECT_EQ(dtypeOf(ir, input), DType::F32) << op;
  }
}

}  // namespace
}  // namespace nodegrad::testing
