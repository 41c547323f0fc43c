#include <gtest/gtest.h>

#include "core/window.h"
#include "graph/graph.h"

// The types that ops infer, and what they refuse: one table each, a row a case. -1 is a dynamic dimension.
namespace nodegrad {
namespace {

constexpr DType F32 = DType::F32, I32 = DType::I32, U8 = DType::U8, Bool_ = DType::Bool;
constexpr int64_t kMost = INT64_MAX, kLeast = INT64_MIN;

std::vector<TensorType> infer(const char* op, const std::vector<TensorType>& inputs, const Attrs& attrs) {
  Graph graph;
  std::vector<Value> values;
  for (const TensorType& type : inputs) values.push_back(graph.input(type));
  std::vector<TensorType> types;
  for (Value value : graph.op(op, values, attrs)) types.push_back(graph.type(value));
  return types;
}

std::string text(const std::vector<TensorType>& types) {
  std::string all;
  for (const TensorType& type : types) all += (all.empty() ? "" : ", ") + toString(type);
  return all;
}

struct Inferred {
  const char* op;
  std::vector<TensorType> inputs;
  Attrs attrs;
  const char* outputs;
};

Attrs padding(const char* padding, Dims strides = {1, 1}) {
  return {{"padding", std::string(padding)}, {"strides", strides}};
}

Attrs reduce(Dims axes, bool keepDims) { return {{"axes", axes}, {"keepDims", keepDims}}; }
Attrs shape(Dims dims) { return {{"shape", dims}}; }
Attrs slice(Dims begin, Dims end, Dims strides = {}) {
  return {{"begin", begin}, {"end", end}, {"strides", strides}};
}
const Attrs kChannelsFirst = {{"dataFormat", std::string("channelsFirst")}};

// clang-format off
// A function a family: with sanitizers, one large table takes twice as long to compile.
std::vector<Inferred> inferredElementwise() {
  return {
      {"constant", {}, {{"value", 1.5}}, "float32 []"},
      {"constant", {}, {{"value", 3.0}, {"shape", Dims{2, 0}}, {"dtype", std::string("uint8")}}, "uint8 [2, 0]"},
      {"abs", {{I32, {-1, 2}}}, {}, "int32 [?, 2]"},
      {"fakeQuantize", {{F32, {-1, 2}}}, {{"scale", 0.5}}, "float32 [?, 2]"},
      {"fakeQuantizeAlong", {{F32, {-1, 2}}}, {{"axis", int64_t{-1}}}, "float32 [?, 2]"},
      {"cast", {{U8, {-1, 2}}}, {{"dtype", std::string("bool")}}, "bool [?, 2]"},
      {"logicalNot", {{Bool_, {2}}}, {}, "bool [2]"},
      {"add", {{F32, {-1, 1}}, {F32, {3}}}, {}, "float32 [?, 3]"},
      {"add", {{F32, {-1, 3}}, {F32, {5, 1}}}, {}, "float32 [5, 3]"},
      {"add", {{F32, {-1}}, {F32, {-1}}}, {}, "float32 [?]"},
      {"multiply", {{I32, {0}}, {I32, {1}}}, {}, "int32 [0]"},
      {"equal", {{U8, {4, 1}}, {U8, {-1}}}, {}, "bool [4, ?]"},
      {"where", {{Bool_, {4, 1}}, {I32, {}}, {I32, {-1}}}, {}, "int32 [4, ?]"},
  };
}

std::vector<Inferred> inferredWindows() {
  return {
      {"conv", {{F32, {-1, 28, 28, 1}}, {F32, {3, 3, 1, 32}}}, {}, "float32 [?, 26, 26, 32]"},
      {"conv", {{F32, {1, 28, 27, 1}}, {F32, {3, 3, 1, 32}}}, padding("same", {2, 2}), "float32 [1, 14, 14, 32]"},
      {"conv", {{F32, {-1, -1, -1, 3}}, {F32, {3, 3, 3, 8}}}, padding("same"), "float32 [?, ?, ?, 8]"},
      {"conv", {{F32, {-1, -1, 5, -1}}, {F32, {3, 3, 3, 8}}}, {}, "float32 [?, ?, 3, 8]"},
      {"conv", {{F32, {2, 3, 8, 9}}, {F32, {3, 3, 3, 4}}}, kChannelsFirst, "float32 [2, 4, 6, 7]"},
      {"conv", {{F32, {2, 8, 9, 4}}, {F32, {3, 3, 2, 6}}}, {{"groups", int64_t{2}}, {"dilations", Dims{2, 3}}}, "float32 [2, 4, 3, 6]"},
      {"conv", {{F32, {2, 2, 2, 1}}, {F32, {4, 3, 1, 1}}}, {{"padding", std::string("explicit")}, {"pads", Dims{1, 2, 0, 1}}}, "float32 [2, 2, 1, 1]"},
      {"convBackwardData", {{F32, {3, 3, 1, 2}}, {F32, {-1, 26, 26, 2}}, {F32, {-1, 28, 28, 1}}}, {}, "float32 [?, 28, 28, 1]"},
      {"conv", {{F32, {-1, -1, 3}}, {F32, {3, 3, 8}}}, {{"strides", Dims{2}}}, "float32 [?, ?, 8]"},
      {"conv", {{F32, {-1, 3, 10}}, {F32, {3, 3, 8}}}, {{"dilations", Dims{2}}, {"dataFormat", std::string("channelsFirst")}}, "float32 [?, 8, 6]"},
      {"conv", {{F32, {-1, 5, 6, 7, 2}}, {F32, {1, 2, 3, 2, 4}}}, {{"strides", Dims{1, 2, 3}}}, "float32 [?, 5, 3, 2, 4]"},
      {"conv", {{F32, {2, 2, 5, -1, 7}}, {F32, {3, 3, 3, 2, 4}}}, {{"padding", std::string("same")}, {"dataFormat", std::string("channelsFirst")}}, "float32 [2, 4, 5, ?, 7]"},
      {"convTranspose", {{F32, {-1, 7, 4}}, {F32, {3, 2, 4}}}, {{"strides", Dims{2}}}, "float32 [?, 15, 2]"},
      {"convTranspose", {{F32, {-1, 2, 3, 4, 4}}, {F32, {3, 3, 3, 2, 4}}}, {{"strides", Dims{2, 1, 3}}, {"padding", std::string("same")}}, "float32 [?, 4, 3, 12, 2]"},
      {"convTranspose", {{F32, {-1, 7, 8, 4}}, {F32, {3, 3, 2, 4}}}, {}, "float32 [?, 9, 10, 2]"},
      {"convTranspose", {{F32, {-1, 7, -1, 4}}, {F32, {2, 3, 2, 4}}}, padding("same", {2, 3}), "float32 [?, 14, ?, 2]"},
      {"convTranspose", {{F32, {1, 4, 7, 8}}, {F32, {2, 1, 3, 4}}}, {{"strides", Dims{3, 2}}, {"dataFormat", std::string("channelsFirst")}}, "float32 [1, 3, 21, 16]"},
      {"convTranspose", {{F32, {1, 7, 8, 4}}, {F32, {3, 4, 2, 4}}}, {{"strides", Dims{2, 3}}, {"outputPadding", Dims{1, 0}}}, "float32 [1, 16, 25, 2]"},
      {"convTranspose", {{F32, {1, 7, 8, 4}}, {F32, {3, 4, 2, 4}}}, {{"strides", Dims{2, 3}}, {"outputPadding", Dims{1, 2}}, {"padding", std::string("same")}}, "float32 [1, 14, 23, 2]"},
      {"convBackwardFilter", {{F32, {-1, 28, 28, 1}}, {F32, {-1, 26, 26, 2}}, {F32, {3, 3, 1, 2}}}, {}, "float32 [3, 3, 1, 2]"},
      {"maxPool", {{F32, {-1, 26, 25, 3}}}, {{"poolSize", Dims{2, 2}}}, "float32 [?, 13, 12, 3], uint8 [?, 13, 12, 3]"},
      {"maxPool", {{F32, {-1, 25, 3}}}, {{"poolSize", Dims{2}}}, "float32 [?, 12, 3], uint8 [?, 12, 3]"},
      {"maxPool", {{F32, {1, 8, 7, 7, 3}}}, {{"poolSize", Dims{7, 7, 6}}, {"strides", Dims{1, 1, 1}}}, "float32 [1, 2, 1, 2, 3], int32 [1, 2, 1, 2, 3]"},
      {"maxPool", {{F32, {1, 20, 20, 3}}}, {{"poolSize", Dims{16, 16}}, {"strides", Dims{1, 1}}}, "float32 [1, 5, 5, 3], uint8 [1, 5, 5, 3]"},
      {"maxPool", {{F32, {1, 20, 20, 3}}}, {{"poolSize", Dims{17, 16}}, {"strides", Dims{1, 1}}}, "float32 [1, 4, 5, 3], int32 [1, 4, 5, 3]"},
      {"averagePool", {{F32, {-1, 5, 5, 3}}}, {{"poolSize", Dims{2, 2}}, {"padding", std::string("same")}}, "float32 [?, 3, 3, 3]"},
  };
}

std::vector<Inferred> inferredReductions() {
  return {
      {"matmul", {{F32, {-1, 3}}, {F32, {3, 4}}}, {}, "float32 [?, 4]"},
      {"matmul", {{F32, {5, 1, -1, 3}}, {F32, {2, 4, 3}}}, {{"transposeB", true}}, "float32 [5, 2, ?, 4]"},
      {"matmul", {{F32, {3, 2}}, {F32, {4, 3}}}, {{"transposeA", true}, {"transposeB", true}}, "float32 [2, 4]"},
      {"sum", {{F32, {-1, 3, 4}}}, {}, "float32 []"},
      {"mean", {{F32, {-1, 3, 4}}}, reduce({-1, 0}, false), "float32 [3]"},
      {"max", {{F32, {-1, 3, 4}}}, reduce({1}, true), "float32 [?, 1, 4]"},
      {"sum", {{F32, {0, 2}}}, reduce({0}, false), "float32 [2]"},
      {"argmax", {{F32, {-1, 10}}}, {}, "int32 [?]"},
      {"argmin", {{F32, {-1, 10}}}, {{"axis", int64_t{0}}, {"keepDims", true}}, "int32 [1, 10]"},
      {"argsort", {{U8, {-1, 10}}}, {}, "int32 [?, 10]"},
      {"argsort", {{F32, {2, -1}}}, {{"k", int64_t{3}}}, "int32 [2, 3]"},
      {"searchSorted", {{F32, {-1}}, {F32, {-1, 10}}}, {}, "int32 [?, 10]"},
      {"cumsum", {{I32, {-1, 10}}}, {}, "int32 [?, 10]"},
      {"segmentMax", {{F32, {-1, 3}}, {I32, {-1}}}, {{"segments", int64_t{5}}}, "float32 [5, 3]"},
      {"segmentMin", {{F32, {4, 3}}, {I32, {4}}, {F32, {-1, 2}}}, {}, "float32 [?, 3]"},
      {"view", {{F32, {2, -1}}}, {{"dtype", std::string("int32")}}, "int32 [2, ?]"},
      {"view", {{F32, {-1, 2}}}, {{"dtype", std::string("uint8")}}, "uint8 [?, 8]"},
      {"view", {{U8, {8}}}, {{"dtype", std::string("float32")}}, "float32 [2]"},
      {"linearRecurrence", {{F32, {-1, 10}}, {F32, {4, -1}}}, {}, "float32 [4, 10]"},
      {"softmax", {{F32, {-1, 10}}}, {}, "float32 [?, 10]"},
      {"softmaxCrossEntropy", {{F32, {-1, 10}}, {F32, {-1, 10}}}, {}, "float32 [?]"},
      {"dotProductAttention", {{F32, {-1, 5, 2, 8}}, {F32, {-1, -1, 2, 8}}, {F32, {-1, 7, 2, 3}}}, {{"scale", 1.0}}, "float32 [?, 5, 2, 3], float32 [?, 2, 5], float32 [?, 2, 5]"},
      {"dotProductAttention", {{F32, {4, 5, 2, 8}}, {F32, {4, 7, 2, 8}}, {F32, {4, 7, 2, 3}}, {F32, {5, 1}}, {Bool_, {4, 1, 1, 7}}}, {{"scale", 1.0}, {"bias", true}, {"mask", true}}, "float32 [4, 5, 2, 3], float32 [4, 2, 5], float32 [4, 2, 5]"},
      {"sparseSoftmaxCrossEntropy", {{F32, {-1, 10}}, {U8, {-1}}}, {}, "float32 [?]"},
      {"sigmoidCrossEntropy", {{F32, {-1, 1}}, {F32, {-1, 1}}}, {}, "float32 [?, 1]"},
  };
}

std::vector<Inferred> inferredMoves() {
  return {
      {"reshape", {{F32, {4, 6}}}, shape({-1, 8}), "float32 [3, 8]"},
      {"reshape", {{F32, {-1, 2, 3}}}, shape({-1, 6}), "float32 [?, 6]"},
      {"reshape", {{F32, {0, 4}}}, shape({0, 7}), "float32 [0, 7]"},
      {"reshape", {{F32, {1}}}, shape({}), "float32 []"},
      {"reshape", {{F32, {-1, -1, 6}}}, {{"shape", Dims{-1, -1, 2, 3}}, {"from", Dims{0, 1, -1, -1}}}, "float32 [?, ?, 2, 3]"},
      {"reshape", {{F32, {4, -1, 6}}}, {{"shape", Dims{-1, 6, -1}}, {"from", Dims{0, 2, -1}}}, "float32 [4, 6, ?]"},
      {"reshape", {{F32, {4, 5, 6}}}, {{"shape", Dims{-1, -1, 3}}, {"from", Dims{0, -1, -1}}}, "float32 [4, 10, 3]"},
      {"reshapeLike", {{U8, {-1}}, {F32, {-1, 2}}}, {}, "uint8 [?, 2]"},
      {"transpose", {{F32, {-1, 2, 3}}}, {{"perm", Dims{2, 0, 1}}}, "float32 [3, ?, 2]"},
      {"broadcastTo", {{F32, {-1, 1}}}, shape({2, -1, 4}), "float32 [2, ?, 4]"},
      {"broadcastLike", {{F32, {3}}, {U8, {-1, 3}}}, {}, "float32 [?, 3]"},
      {"sumLike", {{F32, {-1, 3}}, {F32, {3}}}, {}, "float32 [3]"},
      {"sizeRatio", {{F32, {-1, 3}}, {F32, {3}}}, {}, "float32 []"},
      {"concatenate", {{F32, {-1, 3}}, {F32, {5, 4}}}, {}, "float32 [5, 7]"},
      {"sliceLike", {{U8, {6, 3}}, {F32, {2, 9}}}, {{"axis", int64_t{0}}, {"after", true}}, "uint8 [4, 3]"},
      {"sliceLike", {{F32, {-1, 3}}, {F32, {2, 9}}}, {{"axis", int64_t{0}}}, "float32 [2, 3]"},
      {"sliceLike", {{F32, {-1, 3}}, {F32, {2, 9}}}, {{"axis", int64_t{0}}, {"after", true}}, "float32 [?, 3]"},
      {"concatenate", {{F32, {-1, 3}}, {F32, {5, 3}}}, {{"axis", int64_t{0}}}, "float32 [?, 3]"},
      {"slice", {{F32, {10, -1}}}, slice({2, 0}, {kMost, 5}), "float32 [8, ?]"},
      {"slice", {{F32, {10, 10}}}, slice({-3, -100}, {-1, 100}, {1, 3}), "float32 [2, 4]"},
      {"slice", {{F32, {10}}}, slice({5}, {2}), "float32 [0]"},
      {"slice", {{F32, {10}}}, slice({kMost}, {kLeast}, {-1}), "float32 [10]"},
      {"slice", {{F32, {10, 10}}}, slice({-2, 20}, {2, -4}, {-3, -2}), "float32 [2, 2]"},
      {"slice", {{F32, {10, 0}}}, slice({2, kMost}, {5, kLeast}, {-1, -1}), "float32 [0, 0]"},
      {"slice", {{F32, {-1}}}, slice({kMost}, {kLeast}, {-1}), "float32 [?]"},
      {"sliceBackward", {{F32, {8}}, {F32, {10}}}, slice({2}, {kMost}), "float32 [10]"},
      {"pad", {{F32, {-1, 2}}}, {{"paddings", Dims{1, 1, 0, 3}}}, "float32 [?, 5]"},
      {"gather", {{I32, {5, 6}}, {I32, {-1, 2}}}, {}, "int32 [?, 2, 6]"},
      {"warp", {{F32, {-1, 5, 6, 3}}, {F32, {-1, 8}}}, {}, "float32 [?, 5, 6, 3]"},
      {"gather", {{F32, {-1, 5, 6}}, {U8, {-1, 3}}}, {{"axis", int64_t{-1}}, {"batchDims", int64_t{1}}}, "float32 [?, 5, 3]"},
      {"gatherBackward", {{F32, {2, 6}}, {I32, {2}}, {F32, {5, 6}}}, {}, "float32 [5, 6]"},
      {"toIndices", {{F32, {-1, 3}}}, {}, "int32 [?, 3]"},
      {"oneHot", {{U8, {-1}}}, {{"depth", int64_t{10}}}, "float32 [?, 10]"},
      {"dropout", {{F32, {-1, 4}}, {I32, {2}}}, {{"rate", 0.5}}, "float32 [?, 4]"},
      {"randomNormal", {{I32, {2}}}, shape({3, 4}), "float32 [3, 4]"},
      {"randomNormal", {{I32, {2}}, {F32, {-1, 4}}}, {}, "float32 [?, 4]"},
      {"randomGamma", {{I32, {2}}, {F32, {-1, 4}}}, {}, "float32 [?, 4]"},
      {"randomBinomial", {{I32, {2}}, {F32, {3}}, {F32, {3}}}, {}, "float32 [3]"},
      {"upSampling", {{F32, {-1, 3, 2}}}, {{"size", Dims{2}}}, "float32 [?, 6, 2]"},
      {"upSampling", {{F32, {1, 2, 3, 4, 5}}}, {{"size", Dims{2, 1, 3}}}, "float32 [1, 4, 3, 12, 5]"},
      {"upSampling", {{F32, {-1, 3, -1, 2}}}, {{"size", Dims{2, 3}}}, "float32 [?, 6, ?, 2]"},
      {"upSampling", {{F32, {-1, 3, 4, 2}}}, {{"size", Dims{2, 3}}, {"dataFormat", std::string("channelsFirst")}}, "float32 [?, 3, 8, 6]"},
      {"momentumUpdate", {{F32, {3}}, {F32, {3}}, {F32, {3}}, {F32, {}}}, {{"momentum", 0.9}}, "float32 [3], float32 [3]"},
      {"adamUpdate", {{F32, {3}}, {F32, {3}}, {F32, {3}}, {F32, {3}}, {F32, {}}, {F32, {}}}, {}, "float32 [3], float32 [3], float32 [3]"},
  };
}
// clang-format on

TEST(Infer, GivesTheTypesOfTheOutputs) {
  for (const auto& family : {inferredElementwise, inferredWindows, inferredReductions, inferredMoves})
    for (const Inferred& row : family())
      EXPECT_EQ(text(infer(row.op, row.inputs, row.attrs)), row.outputs)
          << row.op << " of " << text(row.inputs);
}

struct Refused {
  const char* op;
  std::vector<TensorType> inputs;
  Attrs attrs;
  ErrorCode code;
  const char* message;  // how it begins
};

// clang-format off
std::vector<Refused> refusedElementwise() {
  return {
      {"input", {}, {}, ErrorCode::Argument, "[input] expected to be made by the graph's own call"},
      {"constant", {}, {{"value", 300.0}, {"dtype", std::string("uint8")}}, ErrorCode::Attribute, "[constant] expected a 'value' that uint8 can hold, received 300"},
      {"constant", {}, {{"value", 1.0}, {"shape", Dims{2, -1}}}, ErrorCode::Attribute, "[constant] expected dimensions of at least 0 in 'shape', received [2, -1]"},
      {"constant", {}, {{"value", 1.0}, {"dtype", std::string("float16")}}, ErrorCode::Dtype, "expected a dtype of float32, int32, uint8 or bool, received 'float16'"},
      {"exp", {{I32, {2}}}, {}, ErrorCode::Dtype, "[exp] expected float32 for x, received int32 [2]; use cast"},
      {"fakeQuantize", {{F32, {2}}}, {{"scale", 0.0}}, ErrorCode::Attribute, "[fakeQuantize] expected a positive, finite 'scale', received 0"},
      {"fakeQuantize", {{U8, {2}}}, {{"scale", 1.0}}, ErrorCode::Dtype, "[fakeQuantize] expected float32 for x, received uint8 [2]"},
      {"fakeQuantizeAlong", {{F32, {2, 3}}}, {{"axis", int64_t{2}}}, ErrorCode::Attribute, "[fakeQuantizeAlong] expected"},
      {"abs", {{U8, {2}}}, {}, ErrorCode::Dtype, "[abs] expected float32 or int32 for x, received uint8 [2]"},
      {"add", {{F32, {2}}, {I32, {2}}}, {}, ErrorCode::Dtype, "[add] expected inputs of one dtype, received float32 [2] and int32 [2]; use cast"},
      {"add", {{F32, {-1, 2}}, {F32, {3}}}, {}, ErrorCode::Shape, "[add] expected shapes that broadcast together, received [?, 2] and [3]"},
      {"logicalAnd", {{F32, {2}}, {F32, {2}}}, {}, ErrorCode::Dtype, "[logicalAnd] expected bool for a, received float32 [2]"},
      {"where", {{F32, {2}}, {F32, {2}}, {F32, {2}}}, {}, ErrorCode::Dtype, "[where] expected bool for the condition, received float32 [2]"},
  };
}

std::vector<Refused> refusedWindows() {
  return {
      {"conv", {{F32, {28, 28}}, {F32, {3, 28, 2}}}, {}, ErrorCode::Shape, "[conv] expected the image of rank 3 (a sequence), 4 (a picture) or 5 (a volume), received float32 [28, 28]"},
      {"conv", {{F32, {1, 1, 1, 28, 28, 1}}, {F32, {1, 1, 1, 3, 1, 2}}}, {}, ErrorCode::Shape, "[conv] expected the image of rank 3 (a sequence), 4 (a picture) or 5 (a volume), received float32 [1, 1, 1, 28, 28, 1]"},
      {"conv", {{F32, {28, 28, 1}}, {F32, {3, 3, 1, 2}}}, {}, ErrorCode::Shape, "[conv] expected the kernel of rank 3, received float32 [3, 3, 1, 2]"},
      {"conv", {{F32, {1, 28, 3}}, {F32, {3, 1, 2}}}, {}, ErrorCode::Shape, "[conv] expected a kernel [k, channels / groups, filters] for an image of 3 channels in 1 groups"},
      {"conv", {{F32, {1, 8, 1}}, {F32, {3, 1, 2}}}, {{"strides", Dims{1, 1}}}, ErrorCode::Attribute, "[conv] expected one whole number from 1 to 2147483647 for 'strides', received [1, 1]"},
      {"conv", {{F32, {1, 4, 8, 8, 1}}, {F32, {5, 3, 3, 1, 2}}}, {}, ErrorCode::Shape, "[conv] expected a kernel no larger than its padded input, received a kernel of 5 x 3 x 3 with dilations 1 x 1 x 1 and an input of [4, 8, 8] with pads [0, 0, 0, 0, 0, 0]"},
      {"conv", {{F32, {1, 4, 8, 8, 1}}, {F32, {1, 1, 1, 1, 2}}}, {{"padding", std::string("explicit")}, {"pads", Dims{1, 0}}}, ErrorCode::Attribute, "[conv] expected six whole numbers from 0 to 2147483647 (front, back, top, bottom, left, right) for 'pads', received [1, 0]"},
      {"conv", {{F32, {1, 28, 28, 3}}, {F32, {3, 3, 1, 2}}}, {}, ErrorCode::Shape, "[conv] expected a kernel [kh, kw, channels / groups, filters] for an image of 3 channels in 1 groups, received kernel [3, 3, 1, 2] and image [1, 28, 28, 3]"},
      {"conv", {{F32, {1, 28, 28, 4}}, {F32, {3, 3, 2, 3}}}, {{"groups", int64_t{2}}}, ErrorCode::Shape, "[conv] expected a number of filters that 2 groups divide"},
      {"conv", {{F32, {1, 2, 8, 1}}, {F32, {3, 3, 1, 2}}}, {}, ErrorCode::Shape, "[conv] expected a kernel no larger than its padded input, received a kernel of 3 x 3 with dilations 1 x 1 and an input of [2, 8] with pads [0, 0, 0, 0]"},
      {"conv", {{F32, {1, 8, 4, 1}}, {F32, {3, 3, 1, 2}}}, {{"dilations", Dims{1, 2}}}, ErrorCode::Shape, "[conv] expected a kernel no larger than its padded input"},
      {"conv", {{F32, {1, 8, 8, 1}}, {F32, {3, 3, 1, 2}}}, padding("causal"), ErrorCode::Attribute, "[conv] expected 'valid', 'same' or 'explicit' for 'padding', received 'causal'"},
      {"conv", {{F32, {1, 8, 8, 1}}, {F32, {3, 3, 1, 2}}}, padding("valid", {0, 1}), ErrorCode::Attribute, "[conv] expected two whole numbers from 1 to 2147483647 for 'strides', received [0, 1]"},
      {"conv", {{F32, {1, 8, 8, 1}}, {F32, {3, 3, 1, 2}}}, {{"dilations", Dims{1}}}, ErrorCode::Attribute, "[conv] expected two whole numbers from 1 to 2147483647 for 'dilations', received [1]"},
      {"conv", {{F32, {1, 8, 8, 1}}, {F32, {3, 3, 1, 2}}}, {{"groups", int64_t{0}}}, ErrorCode::Attribute, "[conv] expected 'groups' of at least 1, received 0"},
      {"conv", {{F32, {1, 8, 8, 1}}, {F32, {3, 3, 1, 2}}}, {{"dataFormat", std::string("NHWC")}}, ErrorCode::Attribute, "[conv] expected 'channelsLast' or 'channelsFirst' for 'dataFormat', received 'NHWC'"},
      {"conv", {{F32, {1, 8, 8, 1}}, {F32, {3, 3, 1, 2}}}, {{"padding", std::string("explicit")}, {"pads", Dims{1, -1, 0, 0}}}, ErrorCode::Attribute, "[conv] expected four whole numbers from 0 to 2147483647 (top, bottom, left, right) for 'pads', received [1, -1, 0, 0]"},
      {"convTranspose", {{F32, {1, 8, 8, 3}}, {F32, {3, 3, 3, 2}}}, {}, ErrorCode::Shape, "[convTranspose] expected a kernel [kh, kw, filters, channels] for an image of 3 channels, received kernel [3, 3, 3, 2] and image [1, 8, 8, 3]"},
      {"convTranspose", {{F32, {1, 8, 8, 2}}, {F32, {3, 3, 3, 2}}}, padding("explicit"), ErrorCode::Attribute, "[convTranspose] expected 'valid' or 'same' for 'padding', received 'explicit'"},
      {"convTranspose", {{F32, {1, 8, 8, 2}}, {F32, {3, 3, 3, 2}}}, {{"strides", Dims{2, 1}}, {"outputPadding", Dims{1, 1}}}, ErrorCode::Attribute, "[convTranspose] expected two whole numbers from 0 up to, not including, the strides [2, 1] for 'outputPadding', received [1, 1]"},
      {"convTranspose", {{F32, {1, 8, 8, 2}}, {F32, {-1, 3, 3, 2}}}, {{"strides", Dims{2, 1}}, {"outputPadding", Dims{1, 0}}, {"padding", std::string("same")}}, ErrorCode::Shape, "[convTranspose] expected a kernel of known size with 'outputPadding', received [?, 3]"},
      {"convBackwardData", {{F32, {3, 3, 1, 2}}, {F32, {1, 8, 8, 2}}, {F32, {1, 8, 8, 1}}}, {}, ErrorCode::Shape, "[convBackwardData] expected the output's gradient of shape [1, 6, 6, 2], received [1, 8, 8, 2]"},
      {"maxPool", {{F32, {1, 8, 8, 1}}}, {}, ErrorCode::Attribute, "[maxPool] expected the attribute 'poolSize', received none"},
      {"maxPool", {{F32, {1, 2, 2, 1}}}, {{"poolSize", Dims{3, 3}}}, ErrorCode::Shape, "[maxPool] expected a kernel no larger than its padded input, received a kernel of 3 x 3"},
      {"averagePool", {{F32, {1, 8, 8, 1}}}, {{"poolSize", Dims{2, 2}}, {"padding", std::string("explicit")}, {"pads", Dims{0, 0, 2, 0}}}, ErrorCode::Attribute, "[averagePool] expected 'pads' smaller than 'poolSize' [2, 2]"},
      {"maxPoolBackward", {{F32, {1, 4, 4, 1}}, {I32, {1, 4, 4, 1}}, {F32, {1, 8, 8, 1}}}, {{"poolSize", Dims{2, 2}}}, ErrorCode::Dtype, "[maxPoolBackward] expected uint8 for the indices, received int32 [1, 4, 4, 1]"},
  };
}

std::vector<Refused> refusedReductions() {
  return {
      {"matmul", {{F32, {3}}, {F32, {3, 4}}}, {}, ErrorCode::Shape, "[matmul] expected inputs of rank 2 or more, received float32 [3] and float32 [3, 4]"},
      {"matmul", {{F32, {-1, 3}}, {F32, {4, 3}}}, {}, ErrorCode::Shape, "[matmul] expected as many columns of a as rows of b, received 3 and 4 of float32 [?, 3] and float32 [4, 3]"},
      {"matmul", {{F32, {2, 2, 3}}, {F32, {3, 3, 4}}}, {}, ErrorCode::Shape, "[matmul] expected shapes that broadcast together, received [2] and [3]"},
      {"sum", {{F32, {2, 3}}}, reduce({2}, false), ErrorCode::Attribute, "[sum] expected an axis from -2 to 1, received 2"},
      {"sum", {{F32, {2, 3}}}, reduce({1, -1}, false), ErrorCode::Attribute, "[sum] expected each axis once, received [1, -1]"},
      {"max", {{F32, {2, 0}}}, reduce({1}, false), ErrorCode::Shape, "[max] expected at least one element to reduce, received [2, 0]"},
      {"argmax", {{F32, {}}}, {}, ErrorCode::Attribute, "[argmax] expected an axis"},
      {"argsort", {{F32, {}}}, {}, ErrorCode::Shape, "[argsort] expected x of rank 1 or more, received float32 []"},
      {"argsort", {{F32, {2, 3}}}, {{"k", int64_t{4}}}, ErrorCode::Attribute, "[argsort] expected 'k' of at most 3 as there are numbers along the last axis, received 4"},
      {"argsort", {{F32, {2, 3}}}, {{"k", int64_t{-2}}}, ErrorCode::Attribute, "[argsort] expected 'k' of at least -1, received -2"},
      {"searchSorted", {{F32, {2, 3}}, {F32, {2}}}, {}, ErrorCode::Shape, "[searchSorted] expected a sorted sequence of rank 1, received float32 [2, 3]"},
      {"searchSorted", {{F32, {3}}, {I32, {2}}}, {}, ErrorCode::Dtype, "[searchSorted] expected inputs of one dtype"},
      {"cumsum", {{U8, {3}}}, {}, ErrorCode::Dtype, "[cumsum] expected float32 or int32 for x, received uint8 [3]"},
      {"cumsum", {{F32, {}}}, {}, ErrorCode::Attribute, "[cumsum] expected an axis"},
      {"randomBeta", {{I32, {2}}, {F32, {3}}, {F32, {4}}}, {}, ErrorCode::Shape, "[randomBeta] expected the parameters of shape [3], received [4]"},
      {"segmentProd", {{F32, {3, 2}}, {I32, {2}}}, {{"segments", int64_t{5}}}, ErrorCode::Shape, "[segmentProd] expected an id for each row of the data, received float32 [3, 2] and int32 [2]"},
      {"segmentProd", {{F32, {3}}, {I32, {3}}}, {}, ErrorCode::Attribute, "[segmentProd] expected 'segments' of at least 0, received -1"},
      {"segmentProd", {{F32, {3}}, {I32, {3}}, {F32, {}}}, {}, ErrorCode::Shape, "[segmentProd] expected a row for each segment as third input, received float32 []"},
      {"segmentMax", {{U8, {3}}, {I32, {3}}}, {{"segments", int64_t{5}}}, ErrorCode::Dtype, "[segmentMax] expected float32 or int32 for the data"},
      {"view", {{U8, {3}}}, {{"dtype", std::string("bool")}}, ErrorCode::Dtype, "[view] expected x of bool"},
      {"view", {{U8, {6}}}, {{"dtype", std::string("int32")}}, ErrorCode::Shape, "[view] expected a last axis whose bytes int32 fills, received uint8 [6]"},
      {"view", {{F32, {}}}, {{"dtype", std::string("uint8")}}, ErrorCode::Shape, "[view] expected x of rank 1 or more"},
      {"linearRecurrence", {{F32, {2, 3}}, {F32, {2, 4}}}, {}, ErrorCode::Shape, "[linearRecurrence] expected the terms of shape [2, 3], received [2, 4]"},
      {"softmax", {{F32, {2}}}, {{"axis", int64_t{1}}}, ErrorCode::Attribute, "[softmax] expected an axis from -1 to 0, received 1"},
      {"dotProductAttention", {{F32, {4, 5, 8}}, {F32, {4, 7, 2, 8}}, {F32, {4, 7, 2, 3}}}, {{"scale", 1.0}}, ErrorCode::Shape, "[dotProductAttention] expected"},
      {"dotProductAttention", {{F32, {4, 5, 2, 8}}, {F32, {4, 7, 1, 8}}, {F32, {4, 7, 2, 3}}}, {{"scale", 1.0}}, ErrorCode::Shape, "[dotProductAttention] expected the key of shape [4, 7, 2, 8], received [4, 7, 1, 8]"},
      {"dotProductAttention", {{F32, {4, 5, 2, 8}}, {F32, {4, 7, 2, 8}}, {F32, {4, 6, 2, 3}}}, {{"scale", 1.0}}, ErrorCode::Shape, "[dotProductAttention] expected the value of shape [4, 7, 2, 3], received [4, 6, 2, 3]"},
      {"dotProductAttention", {{F32, {4, 5, 2, 8}}, {F32, {4, 7, 2, 8}}, {F32, {4, 7, 2, 3}}, {Bool_, {5, 1}}}, {{"scale", 1.0}}, ErrorCode::Argument, "[dotProductAttention] expected 3 inputs, received 4"},
      {"dotProductAttention", {{F32, {4, 5, 2, 8}}, {F32, {4, 7, 2, 8}}, {F32, {4, 7, 2, 3}}, {Bool_, {4, 7}}}, {{"scale", 1.0}, {"mask", true}}, ErrorCode::Shape, "[dotProductAttention] expected a shape that broadcasts to [4, 2, 5, 7], received [4, 7]"},
      {"softmaxCrossEntropy", {{F32, {-1, 10}}, {F32, {-1, 9}}}, {}, ErrorCode::Shape, "[softmaxCrossEntropy] expected the labels of shape [?, 10], received [?, 9]"},
      {"sparseSoftmaxCrossEntropy", {{F32, {4, 10}}, {F32, {4}}}, {}, ErrorCode::Dtype, "[sparseSoftmaxCrossEntropy] expected int32 or uint8 for the labels, received float32 [4]"},
      {"sparseSoftmaxCrossEntropy", {{F32, {4, -1}}, {I32, {4}}}, {}, ErrorCode::Shape, "[sparseSoftmaxCrossEntropy] expected logits with a known number of classes, received float32 [4, ?]"},
      {"softmaxCrossEntropy", {{F32, {}}, {F32, {}}}, {}, ErrorCode::Shape, "[softmaxCrossEntropy] expected logits with classes on their last axis, received float32 []"},
  };
}

std::vector<Refused> refusedMoves() {
  return {
      {"reshape", {{F32, {2, 3}}}, shape({4, 2}), ErrorCode::Shape, "[reshape] expected a 'shape' of 6 elements for float32 [2, 3], received [4, 2]"},
      {"reshape", {{F32, {2, 3}}}, shape({4, -1}), ErrorCode::Shape, "[reshape] expected a 'shape' of 6 elements for float32 [2, 3], received [4, -1]"},
      {"reshape", {{F32, {0, 3}}}, shape({0, -1}), ErrorCode::Shape, "[reshape] expected a 'shape' of 0 elements for float32 [0, 3], received [0, -1]"},
      {"reshape", {{F32, {2, 3}}}, shape({-1, -1}), ErrorCode::Attribute, "[reshape] expected at most one -1 in 'shape', received [-1, -1]"},
      {"reshape", {{F32, {2, 3}}}, {{"shape", Dims{2, 3}}, {"from", Dims{0}}}, ErrorCode::Attribute, "[reshape] expected an axis of x or -1 in 'from' for each axis of 'shape', received [0]"},
      {"reshape", {{F32, {2, 3}}}, {{"shape", Dims{2, 3}}, {"from", Dims{0, 2}}}, ErrorCode::Attribute, "[reshape] expected an axis of x or -1 in 'from' for each axis of 'shape', received [0, 2]"},
      {"reshape", {{F32, {2, 3}}}, {{"shape", Dims{-1, 4}}, {"from", Dims{0, -1}}}, ErrorCode::Shape, "[reshape] expected a 'shape' of 6 elements for float32 [2, 3], received [2, 4]"},
      {"reshapeLike", {{F32, {2, 3}}, {F32, {5}}}, {}, ErrorCode::Shape, "[reshapeLike] expected shapes of as many elements, received float32 [2, 3] and float32 [5]"},
      {"transpose", {{F32, {2, 3}}}, {{"perm", Dims{0, 0}}}, ErrorCode::Attribute, "[transpose] expected each axis from 0 to 1 once in 'perm' for float32 [2, 3], received [0, 0]"},
      {"transpose", {{F32, {2, 3}}}, {{"perm", Dims{1}}}, ErrorCode::Attribute, "[transpose] expected each axis"},
      {"transpose", {{F32, {2, 3}}}, {{"perm", Dims{1, 0, 2}}}, ErrorCode::Attribute, "[transpose] expected each axis"},
      {"broadcastTo", {{F32, {2, 3}}}, shape({3}), ErrorCode::Shape, "[broadcastTo] expected a shape that broadcasts to [3], received [2, 3]"},
      {"broadcastTo", {{F32, {3}}}, shape({-1, 3}), ErrorCode::Attribute, "[broadcastTo] expected -1 in 'shape' only where float32 [3] has an axis, received [-1, 3]"},
      {"broadcastLike", {{F32, {2}}, {F32, {-1, 3}}}, {}, ErrorCode::Shape, "[broadcastLike] expected a shape that broadcasts to [?, 3], received [2]"},
      {"sumLike", {{F32, {3}}, {F32, {2, 3}}}, {}, ErrorCode::Shape, "[sumLike] expected a shape that broadcasts to [3], received [2, 3]"},
      {"sliceLike", {{F32, {2, 3}}, {F32, {3, 3}}}, {{"axis", int64_t{0}}}, ErrorCode::Shape, "[sliceLike] expected a size along axis 0 of at most that of float32 [2, 3], received float32 [3, 3]"},
      {"sliceLike", {{F32, {2, 3}}, {F32, {2}}}, {{"axis", int64_t{1}}}, ErrorCode::Shape, "[sliceLike] expected a size along axis 1 of at most that of float32 [2, 3], received float32 [2]"},
      {"concatenate", {{F32, {2, 3}}, {F32, {3, 3}}}, {}, ErrorCode::Shape, "[concatenate] expected shapes that differ along axis 1 alone, received float32 [2, 3] and float32 [3, 3]"},
      {"concatenate", {{F32, {2, 3}}, {F32, {2}}}, {}, ErrorCode::Shape, "[concatenate] expected shapes that differ along axis 1 alone"},
      {"concatenate", {}, {}, ErrorCode::Argument, "[concatenate] expected 1 or more inputs, received 0"},
      {"slice", {{F32, {2, 3}}}, slice({0}, {1}), ErrorCode::Attribute, "[slice] expected one 'begin' for each of the 2 axes of [2, 3], received [0]"},
      {"slice", {{F32, {2}}}, slice({0}, {1}, {0}), ErrorCode::Attribute, "[slice] expected 'strides' other than 0 and -Infinity, received [0]"},
      {"slice", {{F32, {2}}}, slice({0}, {1}, {kLeast}), ErrorCode::Attribute, "[slice] expected 'strides' other than 0 and -Infinity, received [-9223372036854775808]"},
      {"pad", {{F32, {2}}}, {{"paddings", Dims{1}}}, ErrorCode::Attribute, "[pad] expected two 'paddings' (before, after) for each axis of float32 [2], received [1]"},
      {"pad", {{F32, {2}}}, {{"paddings", Dims{1, -1}}}, ErrorCode::Attribute, "[pad] expected 'paddings' of at least 0, received [1, -1]"},
      {"pad", {{F32, {2}}}, {{"paddings", Dims{kMost, kMost}}}, ErrorCode::OutOfMemory, "[pad] expected a result that fits in memory"},
      {"warp", {{F32, {2, 5, 6, -1}}, {F32, {2, 8}}}, {}, ErrorCode::Shape, "[warp] expected images of known channels, at least one pixel"},
      {"warp", {{F32, {2, -1, 0, 3}}, {F32, {2, 8}}}, {}, ErrorCode::Shape, "[warp] expected images of known channels, at least one pixel"},
      {"warp", {{F32, {2, 5, 6, 3}}, {F32, {3, 8}}}, {}, ErrorCode::Shape, "[warp] expected transforms [1, 8] or one for each of the images"},
      {"warp", {{F32, {2, 5, 6, 3}}, {F32, {2, 8}}}, {{"fillMode", std::string("edge")}}, ErrorCode::Attribute, "[warp] expected 'constant', 'nearest', 'wrap', 'mirror' or 'reflect' as fillMode, received 'edge'"},
      {"gather", {{F32, {2}}, {F32, {2}}}, {}, ErrorCode::Dtype, "[gather] expected int32 or uint8 for the indices, received float32 [2]"},
      {"gather", {{F32, {2, 3}}, {I32, {2}}}, {{"batchDims", int64_t{1}}}, ErrorCode::Attribute, "[gather] expected 'batchDims' of at most the axis 0 and the indices' rank 1, received 1"},
      {"gather", {{F32, {2, 3}}, {I32, {3, 1}}}, {{"axis", int64_t{1}}, {"batchDims", int64_t{1}}}, ErrorCode::Shape, "[gather] expected the first 1 dimensions alike, received [2, 3] and indices [3, 1]"},
      {"toIndices", {{I32, {2}}}, {}, ErrorCode::Dtype, "[toIndices] expected float32 for the numbers, received int32 [2]"},
      {"oneHot", {{I32, {2}}}, {{"depth", int64_t{0}}}, ErrorCode::Attribute, "[oneHot] expected 'depth' of at least 1, received 0"},
      {"dropout", {{F32, {2}}, {I32, {2}}}, {{"rate", 1.0}}, ErrorCode::Attribute, "[dropout] expected a 'rate' from 0 up to but not including 1, received 1"},
      {"dropout", {{F32, {2}}, {I32, {3}}}, {{"rate", 0.5}}, ErrorCode::Shape, "[dropout] expected the key (seed, step) of shape [2], received [3]"},
      {"upSampling", {{F32, {1, 3, 4, 2}}}, {{"size", Dims{2, 0}}}, ErrorCode::Attribute, "[upSampling] expected two whole numbers from 1 to 2147483647 for 'size', received [2, 0]"},
      {"randomNormal", {{I32, {2}}}, {{"shape", Dims{2}}, {"stddev", -1.0}}, ErrorCode::Attribute, "[randomNormal] expected 'stddev' of at least 0, received -1"},
      {"sgdUpdate", {{F32, {3}}, {F32, {2}}, {F32, {}}}, {}, ErrorCode::Shape, "[sgdUpdate] expected the gradient of shape [3], received [2]"},
      {"sgdUpdate", {{F32, {3}}, {F32, {3}}, {F32, {1}}}, {}, ErrorCode::Shape, "[sgdUpdate] expected the learning rate of shape [], received [1]"},
  };
}
// clang-format on

TEST(Infer, RefusesWhatDoesNotFit) {
  for (const auto& family : {refusedElementwise, refusedWindows, refusedReductions, refusedMoves})
    for (const Refused& row : family()) {
      SCOPED_TRACE(row.op + std::string(" of ") + text(row.inputs));
      try {
        const std::vector<TensorType> found = infer(row.op, row.inputs, row.attrs);
        ADD_FAILURE() << "expected: " << row.message << "\nreceived: " << text(found);
      } catch (const Error& error) {
        EXPECT_EQ(std::string(error.what()).substr(0, std::string(row.message).size()), row.message);
        EXPECT_STREQ(codeName(error.code()), codeName(row.code));
      }
    }
}

struct Placed {
  int64_t in, kernel, stride, dilation;
  const char* padding;
  int64_t out, before, after;
};

// One axis at a time, with the sizes and pads that TensorFlow's "SAME" gives.
TEST(Window, PlacesWindowsAsTensorFlowDoes) {
  const Placed rows[] = {
      {5, 3, 1, 1, "valid", 3, 0, 0}, {6, 3, 2, 1, "valid", 2, 0, 0}, {7, 3, 1, 2, "valid", 3, 0, 0},
      {5, 3, 1, 1, "same", 5, 1, 1},  {5, 2, 1, 1, "same", 5, 0, 1},  {6, 3, 2, 1, "same", 3, 0, 1},
      {5, 3, 2, 1, "same", 3, 1, 1},  {5, 1, 2, 1, "same", 3, 0, 0},  {4, 3, 1, 2, "same", 4, 2, 2},
      {1, 5, 3, 1, "same", 1, 2, 2},
  };
  for (const Placed& row : rows) {
    const Attrs attrs = {{"strides", Dims{row.stride, 1}},
                         {"dilations", Dims{row.dilation, 1}},
                         {"padding", std::string(row.padding)},
                         {"pads", Dims{9, 9, 9, 9}}};
    const Window window = convWindow("conv", attrs, {row.in, 1}, {row.kernel, 1});
    SCOPED_TRACE(toString(Dims{row.in, row.kernel, row.stride, row.dilation}) + row.padding);
    EXPECT_EQ(window.out[0], row.out);
    EXPECT_EQ(window.pads[0], row.before);
    EXPECT_EQ(window.pads[1], row.after);
    EXPECT_EQ(window.out[1], 1);
  }
}

}  // namespace
}  // namespace nodegrad
