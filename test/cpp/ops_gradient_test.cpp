#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <set>

#include "graph/autodiff.h"
#include "ops_gradient_cases.h"
#include "support/reference.h"

// Every op's gradient against central finite differences of the reference evaluation in double precision: one
// table, a row a case. Each row runs with static shapes, with a dynamic first axis and with dynamic axes
// alone, and is differentiated twice (three times where it says so).
namespace nodegrad {
namespace {

using namespace gradient;
using reference::Array;

constexpr double kStep = 1e-5;
constexpr double kTolerance = 1e-6;

Attrs conv(Dims strides, Dims dilations, const char* padding, int64_t groups = 1,
           const char* format = "channelsLast", Dims pads = {0, 0, 0, 0}) {
  return {{"strides", strides}, {"dilations", dilations}, {"padding", std::string(padding)},
          {"groups", groups},   {"pads", pads},           {"dataFormat", std::string(format)}};
}

Attrs transposed(Dims strides, Dims dilations, const char* padding, Dims outputPadding = {},
                 const char* format = "channelsLast") {
  return {{"strides", strides},
          {"dilations", dilations},
          {"padding", std::string(padding)},
          {"outputPadding", outputPadding},
          {"dataFormat", std::string(format)}};
}

Attrs pool(Dims size, Dims strides, const char* padding, const char* format = "channelsLast",
           Dims pads = {0, 0, 0, 0}) {
  return {{"poolSize", size},
          {"strides", strides},
          {"padding", std::string(padding)},
          {"pads", pads},
          {"dataFormat", std::string(format)}};
}

Attrs reduce(Dims axes, bool keepDims = false) { return {{"axes", axes}, {"keepDims", keepDims}}; }

const Attrs kTransposeA = {{"transposeA", true}}, kTransposeB = {{"transposeB", true}},
            kTransposeBoth = {{"transposeA", true}, {"transposeB", true}};

// clang-format off
// A function a family: with sanitizers, one large table takes twice as long to compile.
std::vector<Case> unaryCases() {
  return {
      {"identity", {{{3}}}},
      {"barrier", {{{3}}, {{2}}}},
      {"exp", {{{2, 3}}}, {}, Dynamic::All, 3},
      {"log", {positive({2, 3})}, {}, Dynamic::All, 3},
      {"log1p", {positive({2, 3})}, {}, Dynamic::All, 3},
      {"sqrt", {positive({2, 3})}, {}, Dynamic::All, 3},
      {"rsqrt", {positive({2, 3})}, {}, Dynamic::All, 3},
      {"reciprocal", {positive({2, 3})}, {}, Dynamic::All, 3},
      {"gelu", {{{2, 3}}}, {{"approximate", true}}, Dynamic::All, 3},
      {"elu", {{{17}}}, {{"alpha", 0.7}}},
      {"leakyRelu", {{{17}}}, {{"negativeSlope", 0.01}}},
      {"cast", {{{4}}}, {{"dtype", std::string("float32")}}},
  };
}

std::vector<Case> binaryCases() {
  return {
      {"add", {{{2, 3}}, {{2, 3}}}},
      {"add", {{{2, 3}}, {{3}}}},
      {"add", {{{}}, {{2, 3}}}},
      {"subtract", {{{2, 1, 4}}, {{3, 1}}}},
      {"multiply", {{{2, 3}}, {{2, 3}}}, {}, Dynamic::All, 3},
      {"multiply", {{{2, 3}}, {{2, 1}}}},
      {"multiply", {{{}}, {{}}}},
      {"divide", {{{2, 3}}, positive({1, 3})}, {}, Dynamic::All, 3},
      {"divide", {{{3}}, positive({2, 1})}},
      {"power", {positive({2, 3}), {{2, 3}}}, {}, Dynamic::All, 3},
      {"power", {positive({2, 3}), {{3}}}},
      {"power", {positive({3}), given({3}, {0, 1, 2})}, {}, Dynamic::All, 3},
      {"maximum", {{{2, 3}}, {{2, 3}}}},
      {"maximum", {{{5, 3}}, {{}}}},
      {"minimum", {{{2, 3}}, {{1, 3}}}},
      {"fmod", {given({4}, {5.3, -5.3, 7.1, 0.5}), given({1}, {2.25})}},
      {"where", {given({2, 3}, {1, 0, 0, 1, 1, 0}, DType::Bool), {{2, 3}}, {{2, 3}}}},
      {"where", {given({3}, {1, 0, 1}, DType::Bool), {{2, 1}}, {{}}}},
  };
}

std::vector<Case> convCases() {
  return {
      {"conv", {{{2, 3, 4, 2}}, {{2, 3, 2, 2}}}, conv({1, 1}, {1, 1}, "valid"), Dynamic::All, 3},
      {"conv", {{{1, 5, 4, 2}}, {{3, 3, 2, 3}}}, conv({1, 1}, {1, 1}, "same")},
      {"conv", {{{2, 7, 6, 2}}, {{3, 2, 2, 2}}}, conv({2, 3}, {1, 1}, "same")},
      {"conv", {{{2, 7, 8, 2}}, {{2, 3, 2, 1}}}, conv({1, 1}, {2, 3}, "valid")},
      {"conv", {{{1, 6, 6, 1}}, {{3, 3, 1, 2}}}, conv({1, 2}, {2, 1}, "same")},
      {"conv", {{{1, 4, 5, 4}}, {{2, 2, 2, 6}}}, conv({1, 1}, {1, 1}, "valid", 2)},
      {"conv", {{{1, 4, 5, 3}}, {{3, 3, 1, 3}}}, conv({1, 1}, {1, 1}, "same", 3)},
      {"conv", {{{2, 4, 5, 4}}, {{2, 2, 2, 2}}}, conv({2, 1}, {1, 1}, "same", 2, "channelsFirst")},
      {"conv", {{{1, 4, 3, 2}}, {{3, 3, 2, 2}}}, conv({2, 1}, {1, 1}, "explicit", 1, "channelsLast", {2, 1, 0, 1})},
      {"conv", {{{1, 3, 3, 2}}, {{1, 1, 2, 2}}}, conv({2, 2}, {1, 1}, "valid")},
      {"conv", {{{2, 7, 2}}, {{3, 2, 3}}}, conv({2}, {1}, "same"), Dynamic::All, 3},
      {"conv", {{{1, 4, 8}}, {{3, 2, 4}}}, conv({1}, {2}, "explicit", 2, "channelsFirst", {2, 0})},
      {"conv", {{{1, 3, 4, 3, 2}}, {{2, 2, 2, 2, 2}}}, conv({1, 2, 1}, {1, 1, 2}, "same")},
      {"conv", {{{1, 2, 3, 3, 4}}, {{2, 3, 1, 1, 2}}}, conv({}, {}, "explicit", 2, "channelsFirst", {1, 0, 0, 1, 1, 0})},
      {"convBackwardData", {{{2, 3, 2, 2}}, {{2, 2, 2, 2}}, {{2, 3, 4, 2}}}, conv({1, 1}, {1, 1}, "valid"), Dynamic::All, 3},
      {"convBackwardData", {{{3, 3, 1, 2}}, {{1, 2, 3, 2}}, {{1, 4, 3, 2}}}, conv({2, 1}, {1, 1}, "explicit", 2, "channelsLast", {1, 0, 1, 1})},
      {"convBackwardFilter", {{{2, 3, 4, 2}}, {{2, 2, 2, 2}}, {{2, 3, 2, 2}}}, conv({1, 1}, {1, 1}, "valid"), Dynamic::All, 3},
      {"convBackwardFilter", {{{1, 2, 5, 4}}, {{1, 3, 3, 2}}, {{3, 3, 2, 3}}}, conv({2, 2}, {1, 1}, "same", 1, "channelsFirst")},
      {"convTranspose", {{{2, 2, 3, 2}}, {{2, 3, 3, 2}}}, transposed({1, 1}, {1, 1}, "valid"), Dynamic::All, 3},
      {"convTranspose", {{{1, 2, 3, 2}}, {{2, 2, 1, 2}}}, transposed({2, 3}, {1, 1}, "valid"), Dynamic::All},
      {"convTranspose", {{{1, 2, 2, 1}}, {{3, 4, 2, 1}}}, transposed({2, 2}, {1, 1}, "same"), Dynamic::All},
      {"convTranspose", {{{1, 2, 2, 2}}, {{3, 2, 1, 2}}}, transposed({2, 3}, {1, 2}, "same", {1, 2}), Dynamic::None},
      {"convTranspose", {{{2, 3, 2}}, {{3, 1, 2}}}, transposed({2}, {1}, "same", {1}), Dynamic::None},
      {"convTranspose", {{{1, 2, 1, 2, 2}}, {{2, 1, 3, 2, 2}}}, transposed({2, 1, 2}, {}, "same"), Dynamic::All},
      {"convTranspose", {{{1, 2, 2, 3}}, {{2, 3, 1, 2}}}, transposed({2, 1}, {1, 1}, "valid", {1, 0}, "channelsFirst")},
  };
}

std::vector<Case> poolCases() {
  return {
      {"maxPool", {{{2, 4, 6, 3}}}, pool({2, 2}, {}, "valid")},
      {"maxPool", {{{1, 5, 5, 2}}}, pool({3, 2}, {2, 1}, "same")},
      {"maxPool", {{{1, 2, 5, 4}}}, pool({2, 3}, {1, 2}, "explicit", "channelsFirst", {1, 0, 2, 1})},
      {"maxPool", {{{2, 7, 3}}}, pool({3}, {2}, "same")},
      {"maxPool", {{{1, 3, 5, 4, 2}}}, pool({2, 3, 2}, {1, 2, 2}, "same")},
      {"maxPool", {{{1, 2, 2, 4, 3}}}, pool({2, 2, 1}, {}, "valid", "channelsFirst")},
      {"maxPool", {{{1, 17, 17, 1}}}, pool({17, 17}, {1, 1}, "valid")},
      {"maxPoolBackward", {{{1, 2, 2, 1}}, given({1, 2, 2, 1}, {0, 3, 2, 1}, DType::U8), {{1, 4, 4, 1}}}, pool({2, 2}, {}, "valid"), Dynamic::All, 3},
      {"maxPoolGather", {{{1, 4, 4, 1}}, given({1, 2, 2, 1}, {0, 3, 2, 1}, DType::U8)}, pool({2, 2}, {}, "valid"), Dynamic::All, 3},
      {"averagePool", {{{2, 4, 6, 3}}}, pool({2, 2}, {}, "valid")},
      {"averagePool", {{{1, 5, 5, 2}}}, pool({3, 2}, {2, 1}, "same")},
      {"averagePool", {{{1, 3, 8}}}, pool({3}, {1}, "explicit", "channelsFirst", {2, 1})},
      {"averagePool", {{{1, 3, 4, 5, 2}}}, pool({2, 3, 2}, {1, 2, 2}, "same")},
      {"upSampling", {{{2, 3, 2}}}, {{"size", Dims{3}}}, Dynamic::All},
      {"upSampling", {{{1, 2, 1, 2, 2}}}, {{"size", Dims{2, 3, 1}}}},
      {"upSampling", {{{2, 2, 3, 2}}}, {{"size", Dims{2, 3}}}, Dynamic::All, 3},
      {"upSampling", {{{1, 2, 3, 2}}}, {{"size", Dims{3, 1}}, {"dataFormat", std::string("channelsFirst")}}},
      {"averagePool", {{{1, 2, 5, 4}}}, pool({2, 3}, {1, 2}, "explicit", "channelsFirst", {1, 0, 2, 1})},
      {"averagePoolBackward", {{{1, 3, 5, 2}}, {{1, 5, 5, 2}}}, pool({3, 2}, {2, 1}, "same")},
  };
}

std::vector<Case> matmulCases() {
  return {
      {"matmul", {{{2, 3}}, {{3, 4}}}, {}, Dynamic::All, 3},
      {"matmul", {{{3, 2}}, {{3, 4}}}, kTransposeA, Dynamic::All, 3},
      {"matmul", {{{2, 3}}, {{4, 3}}}, kTransposeB, Dynamic::All, 3},
      {"matmul", {{{3, 2}}, {{4, 3}}}, kTransposeBoth, Dynamic::All, 3},
      {"matmul", {{{2, 2, 3}}, {{2, 3, 2}}}},
      {"matmul", {{{2, 3, 2}}, {{2, 2, 3}}}, kTransposeBoth},
      {"matmul", {{{4, 1, 2, 3}}, {{2, 3, 2}}}},
      {"matmul", {{{2, 3}}, {{4, 3, 2}}}},
      {"matmul", {{{2, 2, 2, 3}}, {{3, 4}}}},
      {"matmul", {{{2, 2, 3}}, {{4, 3}}}, kTransposeB},
      {"matmul", {{{2, 3, 2}}, {{3, 4}}}, kTransposeA},
      {"matmul", {{{2, 3, 2}}, {{4, 3}}}, kTransposeBoth},
  };
}

std::vector<Case> reduceCases() {
  return {
      {"sum", {{{2, 3}}}, reduce({})},
      {"sum", {{{2, 3, 4}}}, reduce({1})},
      {"sum", {{{2, 3, 4}}}, reduce({0, -1}, true)},
      {"sum", {{{}}}, reduce({})},
      {"mean", {{{2, 3}}}, reduce({})},
      {"mean", {{{2, 3, 4}}}, reduce({0, 2})},
      {"mean", {{{2, 3, 4}}}, reduce({-2}, true)},
      {"prod", {{{2, 3}}}, reduce({}), Dynamic::All, 3},
      {"prod", {{{2, 3, 4}}}, reduce({1}), Dynamic::All, 3},
      {"prod", {given({4, 4}, {1, 2, 3, -1, 1, 0, 3, 2, 0, 2, 0, 3, 0, 0, 0, 2})}, reduce({1})},
      {"prod", {given({4, 2}, {1, 0, 2, 0, 3, 5, 4, 6})}, reduce({0}, true)},
      {"max", {{{2, 3}}}, reduce({})},
      {"max", {{{2, 3, 4}}}, reduce({0, 2})},
      {"max", {{{2, 3, 4}}}, reduce({-1}, true)},
      {"min", {{{2, 3, 4}}}, reduce({1})},
  };
}

std::vector<Case> normCases() {
  const Attrs first = {{"axis", int64_t{1}}, {"epsilon", 0.1}};
  return {
      {"batchNormalization", {{{3, 2, 2}}, {{2}}, {{2}}}, {}, Dynamic::All, 3},
      {"batchNormalization", {{{2, 3, 2}}, {{3}}, {{3}}}, first},
      {"batchNormalizationBackward", {{{3, 2, 2}}, {{3, 2, 2}}, {{2}}, {{2}}, positive({2})}},
      {"batchNormalizationBackward", {{{2, 3, 2}}, {{2, 3, 2}}, {{3}}, {{3}}, positive({3})}, first},
      {"layerNormalization", {{{3, 4}}, {{4}}, {{4}}}, {}, Dynamic::All, 3},
      {"layerNormalization", {{{2, 2, 3}}, {{2, 3}}, {{2, 3}}}, {{"epsilon", 0.1}}},
      {"layerNormalizationBackward", {{{3, 4}}, {{3, 4}}, {{4}}, {{3, 1}}, positive({3, 1})}},
      {"layerNormalizationBackward", {{{2, 2, 3}}, {{2, 2, 3}}, {{2, 3}}, {{2, 1, 1}}, positive({2, 1, 1})}, {{"epsilon", 0.1}}},
  };
}

std::vector<Case> softmaxCases() {
  return {
      {"softmax", {{{3, 5}}}, {}, Dynamic::All, 3},
      {"softmax", {{{3, 2, 4}}}, {{"axis", int64_t{1}}}},
      {"logSoftmax", {{{3, 5}}}, {}, Dynamic::All, 3},
      {"logSoftmax", {{{3, 2}}}, {{"axis", int64_t{0}}}},
      {"softmaxCrossEntropy", {{{3, 5}}, {{3, 5}}}, {}, Dynamic::All, 3},
      {"softmaxCrossEntropy", {{{4}}, {{4}}}},
      {"softmaxCrossEntropy", {{{2, 2, 3}}, positive({2, 2, 3})}},
      {"sparseSoftmaxCrossEntropy", {{{3, 5}}, given({3}, {4, 0, 2}, DType::I32)}, {}, Dynamic::First, 3},
      {"sparseSoftmaxCrossEntropy", {{{2, 2, 3}}, given({2, 2}, {1, 0, 2, 1}, DType::U8)}, {}, Dynamic::First},
      {"sparseSoftmaxCrossEntropy", {{{5}}, given({}, {3}, DType::I32)}, {}, Dynamic::None},
      {"sigmoidCrossEntropy", {{{2, 3}}, positive({2, 3})}, {}, Dynamic::All, 3},
  };
}

std::vector<Case> shapeCases() {
  return {
      {"reshape", {{{2, 6}}}, {{"shape", Dims{3, -1}}}},
      {"reshape", {{{2, 3, 2}}}, {{"shape", Dims{-1, 6}}}},
      {"reshape", {{{2, 3, 2}}}, {{"shape", Dims{-1, 1, 6}}, {"from", Dims{0, -1, -1}}}},
      {"reshape", {{{1, 1}}}, {{"shape", Dims{}}}},
      {"reshapeLike", {{{2, 6}}, {{3, 4}}}},
      {"transpose", {{{2, 3, 4}}}, {{"perm", Dims{2, 0, 1}}}},
      {"broadcastTo", {{{3, 1}}}, {{"shape", Dims{2, 3, 4}}}},
      {"broadcastTo", {{{3, 1}}}, {{"shape", Dims{2, -1, 4}}}},
      {"broadcastLike", {{{1, 3}}, {{2, 4, 3}}}},
      {"broadcastLike", {{{}}, {{2}}}},
      {"sumLike", {{{2, 4, 3}}, {{1, 3}}}},
      {"sumLike", {{{2, 3}}, {{}}}},
  };
}

std::vector<Case> moveCases() {
  return {
      {"pad", {{{2, 3}}}, {{"paddings", Dims{1, 0, 0, 2}}, {"value", 3.0}}},
      {"gather", {{{5, 2}}, given({2, 3}, {4, 0, 0, 1, 4, 2}, DType::I32)}},
      {"gather", {{{2, 5, 3}}, given({4}, {4, 0, 0, 1}, DType::U8)}, {{"axis", int64_t{-2}}}},
      {"gather", {{{2, 3}}, given({}, {1}, DType::I32)}, {{"axis", int64_t{1}}}},
      {"gather", {{{2, 3, 4}}, given({2, 2}, {1, 0, 3, 3}, DType::I32)}, {{"axis", int64_t{2}}, {"batchDims", int64_t{1}}}},
      {"gatherBackward", {{{2, 3, 2}}, given({2, 3}, {4, 0, 0, 1, 4, 2}, DType::I32), {{5, 2}}}},
      {"warp", {{{2, 3, 4, 2}}, given({2, 8}, {0.913, 0.207, 0.331, -0.153, 1.117, 0.259, 0, 0, 1.083, -0.107, -0.713, 0.121, 0.813, 0.607, 0.05, 0.02})}, {{"fillMode", std::string("reflect")}}, Dynamic::First},
      {"warp", {{{1, 3, 2, 1}}, given({1, 8}, {0.873, 0.207, -0.331, -0.153, 1.117, 0.859, 0, 0})}, {{"fillValue", 2.0}}, Dynamic::First},
      {"warp", {{{2, 3, 4, 1}}, given({1, 8}, {0.913, 0.207, 0.131, -0.153, 1.117, 1.209, 0, 0})}, {{"nearest", true}, {"fillMode", std::string("wrap")}}, Dynamic::First},
      {"dropout", {{{3, 5}}, given({2}, {7, 3}, DType::I32)}, {{"rate", 0.4}, {"salt", int64_t{5}}}},
  };
}
// clang-format on

// Of an element-wise op without a row: numbers from the middle half of where it is tested.
Case usualCase(const reference::FloatOp& op) {
  const double quarter = (op.high - op.low) / 4;
  return {op.name,
          std::vector<Operand>(op.inputs, {{2, 3}, op.low + quarter, op.high - quarter}),
          {},
          Dynamic::All,
          3};
}

const std::vector<Case>& cases() {
  static const std::vector<Case> all = [] {
    std::vector<Case> rows;
    for (const auto& family : {unaryCases, binaryCases, convCases, poolCases, matmulCases, reduceCases,
                               normCases, softmaxCases, attentionCases, shapeCases, moveCases, recurrentCases,
                               scanCases, controlCases, linalgCases, cumulativeCases, sliceCases})
      for (Case& row : family()) rows.push_back(std::move(row));
    std::set<std::string> listed;
    for (const Case& row : rows) listed.insert(row.op);
    for (const reference::FloatOp& op : reference::floatOps())
      if (findOp(op.name).gradient && listed.count(op.name) == 0) rows.push_back(usualCase(op));
    return rows;
  }();
  return all;
}

class Filler {
 public:
  Array fill(const Operand& operand) {
    Array array{{operand.dtype, operand.shape}, operand.values};
    if (operand.values.empty()) {
      array.data.resize(static_cast<size_t>(count(operand.shape)));
      // A grid of its own whose places are drawn without return: no ties, and nothing near a kink at zero.
      const auto n = static_cast<double>(array.data.size());
      const double shift = std::uniform_real_distribution(0.1, 0.4)(random_);
      for (size_t i = 0; i < array.data.size(); ++i)
        array.data[i] = operand.low + (operand.high - operand.low) * (static_cast<double>(i) + shift) / n;
      std::shuffle(array.data.begin(), array.data.end(), random_);
    }
    return array;
  }

 private:
  std::mt19937 random_{17};
};

TensorType madeDynamic(TensorType type, Dynamic dynamic) {
  if (dynamic == Dynamic::All) std::fill(type.shape.begin(), type.shape.end(), kDynamic);
  if (dynamic == Dynamic::First && !type.shape.empty()) type.shape[0] = kDynamic;
  return type;
}

bool isShapeOnly(const OpDef& def, size_t i) {
  for (int index : def.shapeOnly)
    if (index == static_cast<int>(i)) return true;
  return false;
}

// The graph of one case and the numbers that go into it.
class Check {
 public:
  Check(const Case& row, Dynamic dynamic) : dynamic_(dynamic) {
    std::vector<Value> operands;
    const OpDef& def = findOp(row.op);
    std::vector<TensorType> types;
    for (size_t i = 0; i < row.operands.size(); ++i) {
      operands.push_back(input(row.operands[i]));
      types.push_back(feeds_.at(operands.back()).type);
      if (row.operands[i].dtype == DType::F32 && !isShapeOnly(def, i)) xs_.push_back(operands.back());
    }
    const std::vector<Value> ys = graph_.op(row.op, operands, row.attrs);
    const std::vector<TensorType> made = def.infer({def.name, types, checkAttrs(def, row.attrs)});
    for (size_t output : row.outputs) {
      // The weights of the sum are differentiated by too, which tests the rules' own gradients by dy.
      const Value weights = input({made[output].shape});
      xs_.push_back(weights);
      const Value sum = weightedSum(ys[output], weights);
      loss_ = loss_ == kNone ? sum : graph_.one("add", {loss_, sum});
    }
  }

  // Compares the loss's gradients with finite differences, then makes a loss of them for the next order.
  void order() {
    const std::vector<Value> gradients = nodegrad::gradients(graph_, {loss_}, xs_);
    const std::vector<Array> found = reference::evaluate(graph_, feeds_, gradients);
    for (size_t i = 0; i < xs_.size(); ++i) {
      ASSERT_EQ(found[i].shape(), feeds_.at(xs_[i]).shape()) << "of input " << i;
      for (size_t j = 0; j < found[i].data.size(); ++j) {
        const double expected = difference(xs_[i], j);
        ASSERT_NEAR(found[i].data[j], expected, kTolerance * std::max(1.0, std::abs(expected)))
            << "input " << i << ", element " << j;
      }
    }
    std::vector<Value> terms;
    for (size_t i = 0; i < xs_.size(); ++i)
      terms.push_back(weightedSum(gradients[i], input({feeds_.at(xs_[i]).shape(), -1, 1})));
    loss_ = terms[0];
    for (size_t i = 1; i < terms.size(); ++i) loss_ = graph_.one("add", {loss_, terms[i]});
  }

 private:
  Value input(const Operand& operand) {
    const Array array = filler_.fill(operand);
    const Value value = graph_.input(madeDynamic(array.type, dynamic_));
    feeds_[value] = array;
    return value;
  }

  Value weightedSum(Value y, Value weights) {
    return graph_.one("sum", {graph_.one("multiply", {y, weights})});
  }

  double difference(Value x, size_t element) {
    double& number = feeds_.at(x).data[element];
    const double at = number;
    const auto lossAt = [&](double value) {
      number = value;
      return reference::evaluate(graph_, feeds_, {loss_})[0].data[0];
    };
    const double up = lossAt(at + kStep), down = lossAt(at - kStep);
    number = at;
    return (up - down) / (2 * kStep);
  }

  Graph graph_;
  Dynamic dynamic_;
  Filler filler_;
  std::map<Value, Array> feeds_;
  std::vector<Value> xs_;
  Value loss_ = kNone;
};

class OpGradient : public ::testing::TestWithParam<size_t> {};

TEST_P(OpGradient, EqualsFiniteDifferences) {
  const Case& row = cases()[GetParam()];
  for (Dynamic dynamic : {Dynamic::None, Dynamic::First, Dynamic::All}) {
    if (dynamic > row.dynamic) break;
    SCOPED_TRACE("dynamic axes: " + std::string(dynamic == Dynamic::None    ? "none"
                                                : dynamic == Dynamic::First ? "first"
                                                                            : "all"));
    Check check(row, dynamic);
    for (int order = 1; order <= row.order; ++order) {
      SCOPED_TRACE("order " + std::to_string(order));
      ASSERT_NO_FATAL_FAILURE(check.order());
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Table, OpGradient, ::testing::Range(size_t{0}, cases().size()),
                         [](const auto& info) {
                           return std::to_string(info.param) + "_" + cases()[info.param].op;
                         });

TEST(OpGradientTable, HasEveryOpWithAGradient) {
  std::set<std::string> tested;
  for (const Case& row : cases()) tested.insert(row.op);
  for (const std::string& name : opNames()) {
    if (!findOp(name).differentiable || !findOp(name).gradient) continue;
    if (name == "customGradient")
      continue;  // not the derivative of what it computes: control_test.cpp has it
    EXPECT_TRUE(tested.count(name)) << name << " has no row";
  }
}

TEST(OpGradientTable, OnlyUpdatesAndQuantisationHaveNoGradient) {
  for (const std::string& name : opNames()) {
    if (!findOp(name).differentiable || findOp(name).gradient) continue;
    EXPECT_TRUE(name.find("Update") != std::string::npos || name.rfind("fakeQuantize", 0) == 0) << name;
  }
}

// Where finite differences say nothing: ties and kinks.
struct Kink {
  const char* op;
  std::vector<Operand> operands;
  Attrs attrs;
  std::vector<std::vector<double>> gradients;  // of the sum of the output, by each float input
};

const double kInfinity = std::numeric_limits<double>::infinity();

// clang-format off
const Kink kKinks[] = {
    {"relu", {given({3}, {-1, 0, 1})}, {}, {{0, 0, 1}}},
    {"abs", {given({3}, {-1, 0, 1})}, {}, {{-1, 0, 1}}},
    {"sign", {given({2}, {-1, 3})}, {}, {{0, 0}}},
    {"floor", {given({2}, {-1, 3})}, {}, {{0, 0}}},
    {"maximum", {given({3}, {1, 2, 3}), given({3}, {2, 2, 2})}, {}, {{0, .5, 1}, {1, .5, 0}}},
    {"minimum", {given({3}, {1, 2, 3}), given({3}, {2, 2, 2})}, {}, {{1, .5, 0}, {0, .5, 1}}},
    {"max", {given({2, 4}, {5, 1, 5, 0, 2, 2, 2, 2})}, reduce({1}), {{.5, 0, .5, 0, .25, .25, .25, .25}}},
    {"min", {given({4}, {0, 1, 0, 0})}, reduce({}), {{1. / 3, 0, 1. / 3, 1. / 3}}},
    {"power", {given({5}, {0, 0, 0, 0, 2}), given({5}, {0, 1, 2, 0.5, 0})}, {}, {{0, 1, 0, kInfinity, 0}, {0, 0, 0, 0, std::log(2.0)}}},
    {"elu", {given({2}, {0, -1})}, {{"alpha", 1.0}}, {{1, std::exp(-1.0)}}},
    {"leakyRelu", {given({3}, {-1, 0, 1})}, {{"negativeSlope", .25}}, {{.25, .25, 1}}},
    {"maxPool", {given({1, 2, 2, 1}, {3, 3, 3, 3})}, pool({2, 2}, {}, "valid"), {{1, 0, 0, 0}}},
    {"stopGradient", {given({2}, {1, 2})}, {}, {{0, 0}}},
};
// clang-format on

TEST(OpGradientKinks, AreTheAgreedOnes) {
  for (const Kink& kink : kKinks) {
    SCOPED_TRACE(kink.op);
    Graph graph;
    std::map<Value, Array> feeds;
    std::vector<Value> inputs;
    Filler filler;
    for (const Operand& operand : kink.operands) {
      const Array array = filler.fill(operand);
      inputs.push_back(graph.input(array.type));
      feeds[inputs.back()] = array;
    }
    const Value y = graph.one(kink.op, inputs, kink.attrs);
    const std::vector<Array> found = reference::evaluate(graph, feeds, gradients(graph, {y}, inputs));
    for (size_t i = 0; i < inputs.size(); ++i)
      for (size_t j = 0; j < found[i].data.size(); ++j)
        EXPECT_DOUBLE_EQ(found[i].data[j], kink.gradients[i][j]) << "input " << i << ", element " << j;
  }
}

// A constant exponent takes a shorter way to the same numbers.
TEST(OpGradientKinks, ConstantExponents) {
  for (double exponent : {0.0, 1.0, 2.0, 3.0, -1.0, 0.5}) {
    Graph graph;
    const Value x = graph.input({DType::F32, {2}});
    const Value y = graph.one("power", {x, graph.constant(exponent)});
    const Value g = gradients(graph, {y}, {x})[0];
    const Value second = gradients(graph, {g}, {x})[0];
    const std::map<Value, Array> feeds = {{x, {{DType::F32, {2}}, {0.5, 2}}}};
    const std::vector<Array> found = reference::evaluate(graph, feeds, {g, second});
    for (size_t i = 0; i < 2; ++i) {
      const double at = feeds.at(x).data[i];
      EXPECT_NEAR(found[0].data[i], exponent * std::pow(at, exponent - 1), 1e-12) << exponent;
      EXPECT_NEAR(found[1].data[i], exponent * (exponent - 1) * std::pow(at, exponent - 2), 1e-12)
          << exponent;
    }
  }
}

}  // namespace
}  // namespace nodegrad
