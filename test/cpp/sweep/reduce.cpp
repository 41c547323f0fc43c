// Reductions, softmax and cross-entropies.
#include <algorithm>
#include <cmath>

#include "graph/op.h"
#include "sweep/family.h"

namespace nodegrad::sweep {

namespace {

using reference::apply;

Call reduction(Random& random, const std::string& op) {
  const size_t rank = random.chance(0.4) ? 4 : static_cast<size_t>(random.integer(0, 5));
  Array x = drawFloats(random, drawShape(random, rank, random.chance(0.1) ? 60000 : 6000),
                       op == "prod" ? 0.8 : -1, op == "prod" ? 1.25 : 1);
  if (random.chance(0.1)) poison(random, x);
  Dims axes;
  for (size_t d = 0; d < rank; ++d)
    if (random.chance(0.5))
      axes.push_back(random.chance(0.3) ? static_cast<int64_t>(d) - static_cast<int64_t>(rank)
                                        : static_cast<int64_t>(d));
  Call call = regularCall(op, {std::move(x)}, {{"axes", axes}, {"keepDims", random.chance(0.5)}});
  call.inputLayouts = {drawImageLayout(random, call.inputs[0].type)};
  return call;
}

std::string checkReduction(const Call& call, const std::vector<Array>& outputs, const std::string&) {
  const Array x = asFloats(call.inputs[0]);
  const std::vector<double> value = apply(call.op, {x}, call.attrs)[0].data;
  if (call.op == "max" || call.op == "min") return compare(outputs[0], exactly(value), 0);
  const double terms =
      static_cast<double>(count(x.shape()) / std::max<int64_t>(1, count(outputs[0].type.shape)));
  Expected expected = summed(value, apply(call.op, {absolute(x)}, call.attrs)[0].data, terms);
  // Products that float32 does not hold.
  for (size_t i = 0; i < value.size(); ++i)
    if (call.op == "prod" && !(std::abs(value[i]) < 1e37 && std::abs(value[i]) > 1e-37))
      expected.bound[i] = kUnbound;
  return compare(outputs[0], expected, 0);
}

Call place(Random& random, const std::string& op) {
  const size_t rank = static_cast<size_t>(random.integer(1, 4));
  Array x = drawFloats(random, drawShape(random, rank, 6000));
  if (random.chance(0.3))
    for (double& v : x.data) v = std::floor(4 * v);  // ties
  return regularCall(
      op, {std::move(x)},
      {{"axis", random.integer(0, static_cast<int64_t>(rank) - 1)}, {"keepDims", random.chance(0.5)}});
}

std::string checkPlace(const Call& call, const std::vector<Array>& outputs, const std::string&) {
  return compare(outputs[0], exactly(apply(call.op, call.inputs, call.attrs)[0].data), 0);
}

Call softmax(Random& random, const std::string& op) {
  const size_t rank = static_cast<size_t>(random.integer(1, 4));
  return regularCall(op, {drawFloats(random, drawShape(random, rank, 6000), -20, 20)},
                     {{"axis", random.integer(0, static_cast<int64_t>(rank) - 1)}});
}

Call crossEntropy(Random& random, const std::string& op) {
  const Dims shape = drawShape(random, static_cast<size_t>(random.integer(1, 3)), 6000);
  const Array logits = drawFloats(random, shape, -20, 20);
  if (op == "softmaxCrossEntropy") return regularCall(op, {logits, drawFloats(random, shape, 0, 1)});
  const int64_t classes = shape.back();
  const DType dtype = classes <= 256 && random.chance(0.5) ? DType::U8 : DType::I32;
  return regularCall(op, {logits, drawNumbers(random, {dtype, Dims(shape.begin(), shape.end() - 1)}, 0,
                                              static_cast<double>(classes) - 0.001)});
}

// As in softmax_kernel_test.cpp.
std::string checkSoftmax(const Call& call, const std::vector<Array>& outputs, const std::string&) {
  std::vector<double> value = apply(call.op, call.inputs, call.attrs)[0].data;
  if (call.op == "softmax") return compare(outputs[0], nearly(std::move(value), 5e-6, 1e-37), 0);
  return compare(outputs[0], nearly(std::move(value), 3e-6, 3e-6), 0);
}

}  // namespace

std::vector<Family> reduceFamilies() {
  return {{{"sum", "mean", "prod", "max", "min"}, reduction, checkReduction},
          {{"argmax", "argmin"}, place, checkPlace},
          {{"softmax", "logSoftmax"}, softmax, checkSoftmax},
          {{"softmaxCrossEntropy", "sparseSoftmaxCrossEntropy"}, crossEntropy, checkSoftmax}};
}

}  // namespace nodegrad::sweep
