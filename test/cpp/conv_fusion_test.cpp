// What the plan takes into convolutions, and that the results stay what they were.
#include <gtest/gtest.h>

#include "cpu/cpu_backend.h"
#include "cpu/isa.h"
#include "host/buffer.h"
#include "plan/plan.h"
#include "plan/wrapped_backend.h"
#include "spec/conv.h"
#include "support/fake_backend.h"
#include "support/graph_builder.h"
#include "support/kernel_test.h"

namespace nodegrad::testing {
namespace {

using plan::Ir;

// Two convolutions with ReLU, the second one pooled, and the gradients of all weights.
struct PooledNet : GraphBuilder {
  Value x, y, r;
  std::vector<Value> weights;

  explicit PooledNet(const Attrs& pooling = {{"poolSize", Dims{2, 2}}, {"strides", Dims{2, 2}}}) {
    x = feed({4, 20, 24, 32});
    r = layer(x, 32, 64);
    y = layer(r, 64, 32);
    const Value pooled = op("maxPool", {y}, pooling);
    const Value loss = op("sum", {op("square", {pooled})});
    fetches = gradients(graph, {loss}, weights);
    fetches.push_back(pooled);
  }

  // With a third convolution over two images one after the other.
  void join() {
    const Value joined = op("concatenate", {x, r}, {{"axis", int64_t{-1}}});
    const Value loss = op("sum", {op("square", {layer(joined, 96, 32)})});
    fetches = gradients(graph, {loss}, {weights[0], weights[4], x});
  }

  Value layer(const Value& image, int64_t in, int64_t out) {
    const Value w = feed({3, 3, in, out}), b = feed({out});
    weights.insert(weights.end(), {w, b});
    return op("relu", {op("add", {op("conv", {image, w}, {{"padding", std::string("same")}}), b})});
  }

  Ir fused(const Backend& backend) const {
    Ir ir = this->ir();
    plan::simplify(ir);
    plan::fuseCompute(ir, backend);
    plan::fuseConvolutions(ir, backend);
    return ir;
  }
};

int countWith(const Ir& ir, const std::string& op, const std::string& attribute) {
  int count = 0;
  for (const plan::IrNode& node : ir.nodes) count += node.op == op && node.attrs.has(attribute);
  return count;
}

TEST(FuseConvolutions, TakesPoolingAndMasksIn) {
  const Ir ir = PooledNet().fused(FakeBackend());
  EXPECT_EQ(countWith(ir, "conv", "pooling"), 1);
  EXPECT_EQ(countOf(ir, "maxPool"), 0);
  EXPECT_EQ(countOf(ir, "maxPoolBackward"), 0);
  EXPECT_EQ(countWith(ir, "convBackwardData", "pooledGradient"), 1);
  EXPECT_EQ(countWith(ir, "convBackwardFilter", "pooledGradient"), 1);
  EXPECT_EQ(countWith(ir, "convBackwardData", "mask"), 1);
  for (const plan::IrNode& node : ir.nodes)
    if (node.op == "conv" && node.attrs.has("pooling")) {
      EXPECT_EQ(node.outputs.size(), 2u) << "nothing reads the whole image";
    }
}

TEST(FuseConvolutions, KeepsTheImageThatOthersRead) {
  PooledNet t;
  t.fetches.push_back(t.y);
  const Ir ir = t.fused(FakeBackend());
  ASSERT_EQ(countWith(ir, "conv", "pooling"), 1);
  EXPECT_EQ(ir.producer(ir.fetches.back())->outputs[2], ir.fetches.back());
}

TEST(FuseConvolutions, ReadsAndWritesConcatenatedChannelsInParts) {
  PooledNet t;
  t.join();
  const Ir ir = t.fused(FakeBackend());
  EXPECT_EQ(countOf(ir, "concatenate"), 0);
  EXPECT_EQ(countOf(ir, "slice"), 0);
  for (const char* op : {"conv", "convBackwardData", "convBackwardFilter"})
    EXPECT_EQ(countWith(ir, op, "concatChannels"), 1) << op;
}

TEST(FuseConvolutions, TakesTheStatisticsOfABatchNormalization) {
  const auto fused = [&](int64_t axis) {
    PooledNet t;
    const Value image = t.op("conv", {t.x, t.weights[0]});
    const int64_t vector = t.graph.type(image).shape[static_cast<size_t>(axis)];
    t.fetches = {t.graph.op("batchNormalization", {image, t.feed({vector}), t.feed({vector})},
                            Attrs{{"axis", axis}})[0]};
    Ir ir = t.ir();
    plan::fuseNorm(ir, FakeBackend());
    plan::fuseConvolutions(ir, FakeBackend());
    return ir;
  };
  EXPECT_EQ(countWith(fused(3), "conv", "statistics"), 1);
  EXPECT_EQ(countOf(fused(3), "batchNormStatistics"), 0);
  EXPECT_EQ(countOf(fused(1), "batchNormStatistics"), 1) << "of rows, not of channels";
}

TEST(FuseConvolutions, LeavesConcatenatedImagesThatOthersRead) {
  PooledNet t;
  const Value joined = t.op("concatenate", {t.x, t.r}, {{"axis", int64_t{-1}}});
  t.fetches = {t.layer(joined, 96, 32), t.op("exp", {joined})};
  EXPECT_EQ(countOf(t.fused(FakeBackend()), "concatenate"), 1);
  const Value rows = t.op("concatenate", {t.x, t.x}, {{"axis", int64_t{1}}});
  t.fetches = {t.layer(rows, 32, 32)};
  EXPECT_EQ(countOf(t.fused(FakeBackend()), "concatenate"), 1) << "of rows, not of channels";
}

TEST(FuseConvolutions, LeavesOtherPoolings) {
  const std::vector<Attrs> others = {{{"poolSize", Dims{3, 3}}, {"strides", Dims{2, 2}}},
                                     {{"poolSize", Dims{2, 2}}, {"strides", Dims{1, 1}}}};
  for (const Attrs& pooling : others) {
    const Ir ir = PooledNet(pooling).fused(FakeBackend());
    EXPECT_EQ(countOf(ir, "maxPool"), 1);
    EXPECT_EQ(countOf(ir, "maxPoolBackward"), 1);
  }
}

TEST(FuseConvolutions, LeavesWhatTheBackendCannotFuse) {
  FakeBackend backend;
  backend.refuses = true;
  const Ir ir = PooledNet().fused(backend);
  EXPECT_EQ(countOf(ir, "maxPool"), 1);
  EXPECT_EQ(countOf(ir, "maxPoolBackward"), 1);
  for (const char* attribute : {"pooling", "pooledGradient", "mask"})
    for (const char* op : {"conv", "convBackwardData", "convBackwardFilter"})
      EXPECT_EQ(countWith(ir, op, attribute), 0);
}

// The CPU without what it fuses into convolutions.
class Plain : public plan::WrappedBackend {
 public:
  Plain() : WrappedBackend(cpuBackend()) {}
  bool hasBfloat16() const override { return false; }
  bool supports(const KernelSpec& spec) const override {
    if (spec.op.rfind("conv", 0) != 0) return inner_.supports(spec);
    const spec::Convolution conv(spec);
    return !conv.isFused() && !conv.residual;
  }
};

std::vector<Array> results(const PooledNet& net, Backend& backend, std::string& described,
                           Compute compute = Compute::Float32) {
  plan::Plan plan(net.ir(), backend, compute);
  described = plan.describe();
  std::vector<std::shared_ptr<Buffer>> buffers;
  std::vector<plan::Feed> feeds;
  std::vector<void*> fetches;
  for (size_t f = 0; f < net.feedTypes.size(); ++f) {
    const auto bytes = laidOut(randomNumbers(net.feedTypes[f].shape, static_cast<unsigned>(f)), nullptr);
    buffers.push_back(allocateHost(bytes.size()));
    std::copy(bytes.begin(), bytes.end(), static_cast<char*>(buffers.back()->data()));
    feeds.push_back({buffers.back()->data()});
  }
  for (const TensorType& type : plan.fetchTypes()) {
    buffers.push_back(allocateHost(bytesOf(type)));
    fetches.push_back(buffers.back()->data());
  }
  const auto arena = allocateHost(plan.arenaBytes());
  plan.run(static_cast<std::byte*>(arena->data()), feeds, fetches);
  std::vector<Array> arrays;
  for (size_t f = 0; f < fetches.size(); ++f)
    arrays.push_back(rowMajor(plan.fetchTypes()[f], nullptr, fetches[f]));
  return arrays;
}

// A block of ResNet without normalization, and a pooling of its sum.
TEST(FuseConvolutions, GivesTheBitsOfAPlainResidual) {
  for (bool pooled : {false, true}) {
    PooledNet net;
    const Value w = net.feed({3, 3, 64, 32}), b = net.feed({32});
    const Value y = net.op("conv", {net.r, w}, {{"padding", std::string("same")}});
    const Value z = net.op("relu", {net.op("add", {net.x, net.op("add", {y, b})})});
    const Value end = pooled ? net.op("maxPool", {z}, {{"poolSize", Dims{2, 2}}}) : z;
    net.fetches = gradients(net.graph, {net.op("sum", {net.op("square", {end})})}, {net.x, w, b});
    net.fetches.push_back(end);
    const Ir ir = net.fused(FakeBackend());
    EXPECT_EQ(countWith(ir, "conv", "residual"), 1);
    Plain without;
    std::string fused, plain;
    const auto actual = results(net, cpuBackend(), fused), expected = results(net, without, plain);
    EXPECT_EQ(fused.find("add relu") == std::string::npos, isaLevels().size() > 1) << fused;
    EXPECT_NE(plain.find("add relu"), std::string::npos) << plain;
    for (size_t f = 0; f < expected.size(); ++f) EXPECT_EQ(actual[f].data, expected[f].data) << "fetch " << f;
  }
}

// In float32, and in bfloat16 where the machine has that.
class FusedConvolutions : public ::testing::TestWithParam<Compute> {
 protected:
  void SetUp() override {
    if (GetParam() == Compute::BFloat16 && !cpuBackend().hasBfloat16()) GTEST_SKIP() << "no bfloat16 here";
    onednn::engine();  // keeps the machine's level
    if (!cpuHasTiles()) return;
    useIsa("avx512");  // tiles leave Winograd nothing to do, and nothing is fused with it
    useBfloat16(Settings::Bfloat16::Native);
  }

  // The plan with what it has fused gives the bits of the one without. lost: an op that only that one has.
  void expectSame(PooledNet net, const std::string& lost) {
    // A fetched image would be float32 from its convolution on, if that is what gives it, else rounded
    // before.
    if (GetParam() == Compute::BFloat16) net.fetches.pop_back();
    Plain without;
    std::string fused, plain;
    const auto actual = results(net, cpuBackend(), fused, GetParam());
    const auto expected = results(net, without, plain, GetParam());
    EXPECT_NE(plain.find(lost), std::string::npos);
    // The lowest instruction set has no Winograd and nothing to fuse with.
    EXPECT_EQ(fused.find(lost) == std::string::npos, isaLevels().size() > 1) << fused;
    EXPECT_EQ(fused.find("winograd:avx512_bf16") != std::string::npos, GetParam() == Compute::BFloat16)
        << fused;
    for (size_t f = 0; f < expected.size(); ++f) EXPECT_EQ(actual[f].data, expected[f].data) << "fetch " << f;
  }

 private:
  SavedSettings saved_;
};

TEST(FusedConvolutionsOnTiles, LeaveWinogradOutInBfloat16Alone) {
  if (!cpuHasTiles()) GTEST_SKIP() << "no AMX here";
  for (Compute compute : {Compute::Float32, Compute::BFloat16}) {
    std::string described;
    results(PooledNet(), cpuBackend(), described, compute);
    EXPECT_EQ(described.find("winograd") != std::string::npos, compute == Compute::Float32) << described;
  }
}

TEST_P(FusedConvolutions, GiveTheBitsOfThePlainPlan) { expectSame(PooledNet(), "maxPool"); }

TEST_P(FusedConvolutions, GiveTheBitsOfAPlainConcatenation) {
  PooledNet net;
  net.join();
  expectSame(net, "concatenate");
}

INSTANTIATE_TEST_SUITE_P(Dtypes, FusedConvolutions, ::testing::Values(Compute::Float32, Compute::BFloat16),
                         [](const auto& info) { return std::string(name(info.param)); });

TEST(FuseConvolutions, LeavesDirectConvolutions) {
  const SavedSettings saved;
  useWinograd(false);
  std::string described;
  results(PooledNet(), cpuBackend(), described);
  EXPECT_NE(described.find("maxPoolBackward"), std::string::npos);
}

}  // namespace
}  // namespace nodegrad::testing
