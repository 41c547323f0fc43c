// Attention, forward and backward.
#include <cmath>

#include "sweep/family.h"

namespace nodegrad::sweep {

namespace {

using reference::apply;

Call forward(Random& random) {
  const int64_t n = random.integer(1, 2), heads = random.integer(1, 3), queries = drawSize(random, 90),
                keys = drawSize(random, 90), size = drawSize(random, 40), depth = drawSize(random, 40);
  const auto broadcasts = [&] {
    Dims shape{n, heads, queries, keys};
    for (int64_t& length : shape)
      if (random.chance(0.4)) length = 1;
    shape.erase(shape.begin(), shape.begin() + random.integer(0, 3));
    return shape;
  };
  const bool bias = random.chance(0.3), mask = random.chance(0.3);
  std::vector<Array> inputs{drawFloats(random, {n, queries, heads, size}),
                            drawFloats(random, {n, keys, heads, size}),
                            drawFloats(random, {n, keys, heads, depth})};
  if (bias) inputs.push_back(drawFloats(random, broadcasts(), -3, 3));
  if (mask) {
    inputs.push_back(drawNumbers(random, {DType::U8, broadcasts()}, 0, 1.999));
    inputs.back().type.dtype = DType::Bool;
  }
  return regularCall("dotProductAttention", std::move(inputs),
                     {{"scale", 1 / std::sqrt(static_cast<double>(size))},
                      {"isCausal", random.chance(0.4)},
                      {"bias", bias},
                      {"mask", mask}});
}

Call attention(Random& random, const std::string& op) {
  Call call = forward(random);
  if (op == "dotProductAttention") return call;
  // What the forward pass leaves.
  std::vector<Array> left = apply(call.op, call.inputs, call.attrs);
  const Array dy = drawFloats(random, left[0].shape());
  left.insert(left.begin(), call.inputs.begin(), call.inputs.begin() + 3);
  left.insert(left.begin(), dy);
  left.insert(left.end(), call.inputs.begin() + 3, call.inputs.end());
  return regularCall(op, std::move(left), call.attrs);
}

// As in attention_kernel_test.cpp: weights are off by 1.2e-5 or, where they are rounded to bfloat16, by that;
// the values and gradients that they sum up are below 1 and `slope`.
std::string checkAttention(const Call& call, const std::vector<Array>& outputs, const std::string&) {
  const std::vector<Array> in = asFloats(call.inputs);
  const std::vector<Array> want = apply(call.op, in, call.attrs);
  const bool backward = call.op == "dotProductAttentionBackward";
  const Array& values = call.inputs[backward ? 3 : 2];
  const bool inBf16 = values.type.dtype == DType::BF16;
  if (!backward)
    return compareAll(outputs, {nearly(want[0].data, 0, inBf16 ? kBFloat16 : 1.2e-5),
                                nearly(want[1].data, 2e-7, 5e-6), nearly(want[2].data, 1.2e-5, 0)});
  const double weights = inBf16 ? 3 * kBFloat16 : 1.2e-5;
  const double slope = 2 * static_cast<double>(values.shape()[3]) * call.attrs.number("scale");
  const double root = std::sqrt(static_cast<double>(call.inputs[1].shape()[1]));
  return compareAll(
      outputs, {nearly(want[0].data, 0, weights * slope), nearly(want[1].data, 0, weights * slope * root),
                nearly(want[2].data, 0, weights * root)});
}

}  // namespace

std::vector<Family> attentionFamilies() {
  return {{{"dotProductAttention", "dotProductAttentionBackward"}, attention, checkAttention}};
}

}  // namespace nodegrad::sweep
