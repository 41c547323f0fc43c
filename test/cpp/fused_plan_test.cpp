// Plans of random nets, after each pass: they compute what the graph does.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "graph/precision.h"
#include "spec/composition.h"
#include "support/evaluate_ir.h"
#include "support/fake_backend.h"

namespace nodegrad::testing {
namespace {

#ifdef __SANITIZE_ADDRESS__
constexpr uint64_t kNets = 300;
#else
constexpr uint64_t kNets = 2000;
#endif

double sizeOf(const std::vector<double>& numbers) {
  double squares = 0;
  for (double v : numbers) squares += v * v;
  return std::sqrt(squares);
}

// What is wrong with results that are to be those of the graph; "" is nothing. Both are computed in float64
// and differ by the order of a few hundred additions: 1e-12 of what is added up, which a gradient of a
// normalization may be 1e4 times smaller than.
std::string compare(const std::vector<Array>& actual, const std::vector<Array>& expected) {
  double largest = 0.1;
  for (const Array& array : expected) largest = std::max(largest, sizeOf(array.data));
  for (size_t f = 0; f < expected.size(); ++f) {
    if (actual[f].data.size() != expected[f].data.size())
      return "another shape of result " + std::to_string(f);
    std::vector<double> apart(expected[f].data.size());
    for (size_t i = 0; i < apart.size(); ++i) apart[i] = actual[f].data[i] - expected[f].data[i];
    if (!(sizeOf(apart) <= 1e-8 * sizeOf(expected[f].data) + 1e-11 * largest))
      return "result " + std::to_string(f) + " of " + toString(expected[f].type) + " is off by " +
             std::to_string(sizeOf(apart)) + ", its size is " + std::to_string(sizeOf(expected[f].data));
  }
  return "";
}

// The first pass that changes what a net computes; "" where none does.
std::string guiltyPass(const RandomNet& net, Compute compute, const std::vector<Array>& expected) {
  FakeBackend backend;
  plan::Ir ir = net.ir();
  std::string wrong;
  plan::runPasses(ir, backend, true, compute, [&](const plan::Ir& now, const char* pass) {
    if (wrong.empty() && !compare(evaluate(now, net), expected).empty()) wrong = pass;
  });
  return wrong;
}

TEST(FusedPlans, ComputeWhatTheGraphDoes) {
  std::map<std::string, int> met;  // nodes by op and what was added to them
  for (uint64_t seed = 0; seed < kNets; ++seed) {
    Random random(seed);
    RandomNet net(random, random.chance(0.2));
    if (random.chance(0.5)) net.train();
    const Compute compute = random.chance(0.3) ? Compute::BFloat16 : Compute::Float32;
    FakeBackend backend;
    plan::Ir ir = net.ir();
    plan::runPasses(ir, backend, true, compute, plan::verify);
    const std::vector<Array> expected = net.expected();
    const std::string wrong = compare(evaluate(ir, net), expected);
    ASSERT_EQ(wrong, "") << "after " << guiltyPass(net, compute, expected) << " in net " << seed << ":"
                         << net.text();
    for (const plan::IrNode& node : ir.nodes) {
      ++met[node.op];
      for (const auto& attr : node.attrs) ++met[node.op + " " + attr.first];
    }
  }
  // The nets are of use only where they bring every fused op about.
  for (const auto& [name, op] : spec::fusedOps()) {
    if (name.rfind("quanti", 0) == 0) continue;  // quantized_plan_test.cpp
    if (!findKnownOp(name)) {
      EXPECT_GT(met[name], 0) << name;
    }
    for (const AttrSpec& attr : op.attrs) {
      EXPECT_GT(met[name + " " + attr.name], 0) << name << " " << attr.name;
    }
  }
}

// What contradicts that a node computes in one precision; "" is nothing.
std::string mixedNode(const plan::Ir& ir, Compute compute) {
  const auto isExact = [&](const plan::IrNode& node) {
    return node.op != "reorder" && (precisionOf(node.attrs) == "float32" ||
                                    (precisionOf(node.attrs).empty() && compute == Compute::Float32));
  };
  for (const plan::IrNode& node : ir.nodes) {
    // Constants, and what passes add, have no precision.
    std::set<std::string> inChain;
    if (node.program)
      for (const ElementwiseStep& step : node.program->steps) inChain.insert(precisionOf(step.attrs));
    inChain.erase("");
    if (inChain.size() > 1) return "a chain of several precisions";
    if (!inChain.empty() && *inChain.begin() != precisionOf(node.attrs))
      return "a chain of another precision than its steps";
    if (!isExact(node)) continue;
    for (plan::ValueId input : node.inputs) {
      if (ir.type(input).dtype != DType::BF16) continue;
      // Through copies in another layout.
      const plan::IrNode* maker = ir.producer(input);
      while (maker && maker->op == "reorder" && ir.type(maker->inputs[0]).dtype == DType::BF16)
        maker = ir.producer(maker->inputs[0]);
      if (!maker || maker->op == "reorder" || isExact(*maker))
        return node.op + " reads what is rounded for it";
    }
    // Chains also store copies for nodes that compute in bfloat16.
    if (node.program) continue;
    for (plan::ValueId output : node.outputs)
      if (ir.type(output).dtype == DType::BF16) return node.op + " rounds its result";
  }
  return "";
}

TEST(FusedPlans, ComputeWhatTheGraphDoesInPrecisionsOfLayers) {
  std::map<std::string, int> met;
  for (uint64_t seed = 0; seed < kNets / 8; ++seed) {
    Random random(seed);
    RandomNet net(random, random.chance(0.2), true);
    if (random.chance(0.5)) net.train();
    const Compute compute = random.chance(0.5) ? Compute::BFloat16 : Compute::Float32;
    FakeBackend backend;
    plan::Ir ir = net.ir();
    plan::runPasses(ir, backend, true, compute, plan::verify);
    const std::vector<Array> expected = net.expected();
    const std::string wrong = compare(evaluate(ir, net), expected);
    ASSERT_EQ(wrong, "") << "after " << guiltyPass(net, compute, expected) << " in net " << seed << ":"
                         << net.text();
    ASSERT_EQ(mixedNode(ir, compute), "") << "in net " << seed << ":" << net.text();
    for (const plan::IrNode& node : ir.nodes)
      if (node.op == "conv")
        ++met[precisionOf(node.attrs) + (ir.type(node.inputs[0]).dtype == DType::BF16 ? " rounded" : "")];
  }
  EXPECT_GT(met["float32"], 0);
  EXPECT_GT(met["bfloat16 rounded"], 0);
  EXPECT_GT(met[" rounded"], 0);
  EXPECT_EQ(met["float32 rounded"], 0);
  EXPECT_EQ(met["bfloat16"], 0);
}

}  // namespace
}  // namespace nodegrad::testing
