// Batch normalization in the parts that a plan makes of it, and layer normalization.
#include <algorithm>
#include <cmath>

#include "core/window.h"
#include "graph/op.h"
#include "sweep/family.h"

namespace nodegrad::sweep {

namespace {

using reference::apply;

constexpr double kEpsilon = 1e-3;

struct Drawn {
  Dims shape;
  int64_t axis, channels;
  LayoutPtr layout;
};

Drawn draw(Random& random, bool image) {
  Drawn d;
  const size_t rank = image || random.chance(0.6) ? 4 : static_cast<size_t>(random.integer(2, 5));
  d.shape = drawShape(random, rank, 6000);
  if (rank == 4 && random.chance(0.3)) d.shape[0] = random.pick(std::vector<int64_t>{4, 8, 16});
  d.axis = rank == 4 && random.chance(0.3) ? 1 : static_cast<int64_t>(rank) - 1;
  d.channels = d.shape[static_cast<size_t>(d.axis)];
  d.layout = drawImageLayout(random, {DType::F32, d.shape});
  return d;
}

Array vector(Random& random, const Drawn& d, double low, double high) {
  return drawFloats(random, {d.channels}, low, high);
}

struct Numbers {
  Array x, gamma, beta, mean, variance;
};
Numbers numbers(Random& random, const Drawn& d) {
  return {drawFloats(random, d.shape, -2, 3), vector(random, d, -2, 2), vector(random, d, -1, 1),
          vector(random, d, 0, 1), vector(random, d, 0.5, 2)};
}

Attrs attrsOf(const Drawn& d, bool relu) {
  return {{"axis", d.axis}, {"epsilon", kEpsilon}, {"activation", std::string(relu ? "relu" : "linear")}};
}

std::vector<TensorType> vectors(const Drawn& d) {
  return std::vector<TensorType>(2, {DType::F32, {d.channels}});
}

// The layout of the image that decides; the others lie as their makers left them.
void lay(Random& random, Call& call, const Drawn& d, size_t x) {
  for (const Array& input : call.inputs) call.inputLayouts.push_back(drawImageLayout(random, input.type));
  call.inputLayouts[x] = d.layout;
}

Call statistics(Random& random, const std::string& op) {
  const Drawn d = draw(random, false);
  const double center = random.chance(0.3) ? 10000 : 0;
  Call call{op, {drawFloats(random, d.shape, center - 2, center + 3)}, vectors(d), {{"axis", d.axis}}};
  lay(random, call, d, 0);
  return call;
}

std::string checkStatistics(const Call& call, const std::vector<Array>& outputs, const std::string&) {
  const Array ones = testing::array(call.outputs[0].shape, std::vector<double>(outputs[0].data.size(), 1));
  const auto want = apply("batchNormalization", {asFloats(call.inputs[0]), ones, ones},
                          {{"axis", call.attrs.integer("axis")}, {"epsilon", kEpsilon}});
  // Sums in parts of 64 err by 70 · 2⁻²⁴ of what is added up at most: the distances from the mean, 1.25 on
  // average, and their squares, each rounded three times.
  const double far = std::abs(want[1].data.empty() ? 0 : want[1].data[0]);
  return compareAll(outputs, {nearly(want[1].data, 1e-7, 70 * kFloat * 1.25),
                              nearly(want[2].data, 4.2e-6, far > 100 ? 1e-6 : 1e-12)});
}

Call normalize(Random& random, const std::string& op) {
  const Drawn d = draw(random, false);
  const Numbers n = numbers(random, d);
  Call call{op, {n.x, n.gamma, n.beta, n.mean, n.variance}, {n.x.type}, attrsOf(d, random.chance(0.5))};
  if (random.chance(0.5)) call.inputs.push_back(drawFloats(random, d.shape));
  if (random.chance(0.1)) poison(random, call.inputs[0]);
  lay(random, call, d, 0);
  return call;
}

// (x - mean) · gamma / √(variance + epsilon) + beta in float64.
std::vector<double> normalized(const Array& x, const Array& gamma, const Array& beta, const Array& mean,
                               const Array& variance, int64_t axis) {
  std::vector<double> y;
  reference::forEach(x.shape(), [&](const Dims& index, int64_t at) {
    const auto c = static_cast<size_t>(index[static_cast<size_t>(axis)]);
    y.push_back((x.data[static_cast<size_t>(at)] - mean.data[c]) * gamma.data[c] /
                    std::sqrt(variance.data[c] + kEpsilon) +
                beta.data[c]);
  });
  return y;
}

std::vector<double> relu(const std::vector<double>& values) {
  return apply("relu", {{{DType::F32, {static_cast<int64_t>(values.size())}}, values}})[0].data;
}

std::string checkNormalize(const Call& call, const std::vector<Array>& outputs, const std::string&) {
  const std::vector<Array> in = asFloats(call.inputs);
  std::vector<double> y = normalized(in[0], in[1], in[2], in[3], in[4], call.attrs.integer("axis"));
  if (in.size() > 5)
    for (size_t i = 0; i < y.size(); ++i) y[i] += in[5].data[i];
  if (call.attrs.text("activation") == "relu") y = relu(y);
  // Three roundings of numbers below 16, four with a residual.
  return compare(outputs[0], nearly(std::move(y), 0, 4e-6), 0);
}

Call backward(Random& random, const std::string& op) {
  const Drawn d = draw(random, false);
  const Numbers n = numbers(random, d);
  Attrs attrs{{"axis", d.axis}, {"epsilon", kEpsilon}};
  Call call{op,
            {drawFloats(random, d.shape), n.x, n.gamma, n.mean, n.variance},
            {n.x.type, n.gamma.type, n.gamma.type},
            attrs};
  const int64_t mask = random.integer(0, 3);
  if (mask == 1) {
    call.inputs.push_back(n.beta);
    call.attrs.set("mask", std::string("x"));
  } else if (mask > 1) {
    Array y = drawFloats(random, d.shape);
    for (double& v : y.data) v = std::max(v, 0.0);
    call.inputs.push_back(y);
    call.attrs.set("mask", std::string("y"));
    if (mask == 3) {
      call.outputs.push_back(n.x.type);
      if (random.chance(0.5)) call.inputs.push_back(drawFloats(random, d.shape));
    }
  }
  lay(random, call, d, 1);
  return call;
}

// The gradient dy of a normalization as the reference has it, and bounds: n products below 8 in parts of 64
// err by up to 70 · 2⁻²⁴ of them; dx by a few roundings of numbers below 10.
std::vector<Expected> gradients(const Array& dy, const std::vector<Array>& in, int64_t axis) {
  const Attrs attrs{{"axis", axis}, {"epsilon", kEpsilon}};
  const std::vector<Array> want =
      apply("batchNormalizationBackward", {dy, in[1], in[2], in[3], in[4]}, attrs);
  const double n = static_cast<double>(count(in[1].shape()) / in[2].shape()[0]);
  return {nearly(want[0].data, 2e-6, 1.2e-5), nearly(want[1].data, 4e-6, 2e-6 * std::sqrt(n) + 2e-6),
          nearly(want[2].data, 4e-6, 2e-6 * std::sqrt(n) + 2e-6)};
}

std::string checkBackward(const Call& call, const std::vector<Array>& outputs, const std::string&) {
  const std::vector<Array> in = asFloats(call.inputs);
  const int64_t axis = call.attrs.integer("axis");
  const std::string mask = call.attrs.has("mask") ? call.attrs.text("mask") : "none";
  const bool inBf16 = call.inputs[0].type.dtype == DType::BF16;
  Array dy = in[0];
  if (in.size() > 6)
    for (size_t i = 0; i < dy.data.size(); ++i) dy.data[i] += in[6].data[i];
  if (mask != "none") {
    const std::vector<double> y =
        mask == "y" ? in[5].data : normalized(in[1], in[2], in[5], in[3], in[4], axis);
    for (size_t i = 0; i < dy.data.size(); ++i) {
      // A number so near zero may fall on either side; with it all sums may change.
      if (mask == "x" && y[i] != 0 && std::abs(y[i]) < (inBf16 ? 1e-37 : 4e-6)) return "";
      if (!(y[i] > 0)) dy.data[i] = 0;
    }
  }
  // The masked gradient is stored before the last pass takes it from there.
  std::vector<Expected> expected;
  if (outputs.size() > 3) {
    const std::string wrong = compare(outputs[3], nearly(dy.data, inBf16 ? 0 : kFloat, 0), 3);
    if (!wrong.empty()) return wrong;
  }
  expected = gradients(dy, in, axis);
  if (inBf16 && outputs.size() > 3)
    for (Expected& e : expected)
      for (double& bound : e.bound) bound += kBFloat16 * 8 * (in.size() > 6 ? 2 : 1);
  std::string wrong = compare(outputs[0], expected[0], 0);
  for (size_t o : {1, 2})
    if (wrong.empty()) wrong = compare(outputs[o], expected[o], o);
  return wrong;
}

Attrs poolAttrs(Random& random, const Drawn& d, const Attrs& norm) {
  Attrs attrs = norm;
  const Dims size{random.integer(1, 3), random.integer(1, 3)};
  attrs.set("poolSize", size);
  attrs.set("strides", Dims{random.integer(1, 3), random.integer(1, 3)});
  attrs.set("padding", std::string("same"));
  attrs.set("pads", Dims{0, 0, 0, 0});
  attrs.set("dataFormat", std::string(d.axis == 3 ? "channelsLast" : "channelsFirst"));
  return attrs;
}

Attrs only(const char* op, const Attrs& attrs) {
  Attrs known;
  for (const AttrSpec& spec : findOp(op).attrs)
    for (const auto& [name, value] : attrs)
      if (name == spec.name) known.set(name, value);
  return known;
}

Call pooled(Random& random, const std::string& op) {
  const Drawn d = draw(random, true);
  const Numbers n = numbers(random, d);
  const Attrs attrs = poolAttrs(random, d, attrsOf(d, random.chance(0.5)));
  const std::vector<Array> want = apply("maxPool", {n.x}, only("maxPool", attrs));
  Call call{
      op, {n.x, n.gamma, n.beta, n.mean, n.variance}, {want[0].type, want[1].type, want[0].type}, attrs};
  if (op == "batchNormMaxPool") {
    if (random.chance(0.1)) poison(random, call.inputs[0]);
  } else {
    // What the forward pass leaves: argmax, and x there.
    const Array x{n.x.type, normalized(n.x, n.gamma, n.beta, n.mean, n.variance, d.axis)};
    const Array argmax = apply("maxPool", {x}, only("maxPool", attrs))[1];
    const Array largest = apply("maxPoolGather", {n.x, argmax}, only("maxPool", attrs))[0];
    call.inputs = {
        drawFloats(random, want[0].shape()), n.x, n.gamma, n.mean, n.variance, n.beta, argmax, largest};
    call.outputs = {n.x.type, n.gamma.type, n.gamma.type};
  }
  lay(random, call, d, op == "batchNormMaxPool" ? 0 : 1);
  return call;
}

std::string checkPool(const Call& call, const std::vector<Array>& outputs, const std::string&) {
  const std::vector<Array> in = asFloats(call.inputs);
  const Attrs pool = only("maxPool", call.attrs);
  Array y{in[0].type, normalized(in[0], in[1], in[2], in[3], in[4], call.attrs.integer("axis"))};
  if (call.attrs.text("activation") == "relu") y.data = relu(y.data);
  const Expected best = nearly(apply("maxPool", {y}, pool)[0].data, 0, 4e-6);
  std::string wrong = compare(outputs[0], best, 0);
  const Array argmax = asFloats(outputs[1]);
  if (wrong.empty())
    wrong = compare(outputs[2], exactly(apply("maxPoolGather", {in[0], argmax}, pool)[0].data), 2);
  const Array chosen = apply("maxPoolGather", {y, argmax}, pool)[0];
  for (size_t i = 0; i < chosen.data.size() && wrong.empty(); ++i)
    if (chosen.data[i] < best.value[i] - 8e-6)
      wrong = "position " + std::to_string(i) + " is not that of the maximum";
  return wrong;
}

std::string checkPoolBackward(const Call& call, const std::vector<Array>& outputs, const std::string&) {
  const std::vector<Array> in = asFloats(call.inputs);
  const Attrs pool = only("maxPool", call.attrs);
  const int64_t axis = call.attrs.integer("axis");
  Array dy = in[0];
  if (call.attrs.text("activation") == "relu") {
    const std::vector<double> y = normalized(in[7], in[2], in[5], in[3], in[4], axis);
    for (size_t i = 0; i < y.size(); ++i) {
      if (std::abs(y[i]) < 4e-6) return "";  // it may fall on either side of zero, and with it all sums
      if (!(y[i] > 0)) dy.data[i] = 0;
    }
  }
  const Array spread = apply("maxPoolBackward", {dy, in[6], in[1]}, pool)[0];
  std::vector<Expected> expected = gradients(spread, in, axis);
  for (double& bound : expected[0].bound) bound *= 4;  // overlapping windows add up
  for (size_t o : {1, 2})
    for (double& bound : expected[o].bound) bound *= 4;
  return compareAll(outputs, expected);
}

Call layerNorm(Random& random, const std::string& op) {
  const size_t rank = static_cast<size_t>(random.integer(1, 4)),
               axes = static_cast<size_t>(random.integer(1, static_cast<int64_t>(rank)));
  const Dims shape = drawShape(random, rank, 6000);
  const Dims last(shape.end() - static_cast<std::ptrdiff_t>(axes), shape.end());
  Dims kept(shape.begin(), shape.end() - static_cast<std::ptrdiff_t>(axes));
  kept.resize(rank, 1);
  const Array x = drawFloats(random, shape, -2, 3), gamma = drawFloats(random, last, -2, 2);
  const TensorType statistics{DType::F32, kept};
  const Attrs attrs{{"epsilon", kEpsilon}};
  if (op == "layerNormalization")
    return {op, {x, gamma, drawFloats(random, last)}, {x.type, statistics, statistics}, attrs};
  return {
      op,
      {drawFloats(random, shape), x, gamma, drawFloats(random, kept, 0, 1), drawFloats(random, kept, 0.5, 2)},
      {x.type, gamma.type, gamma.type},
      attrs};
}

std::string checkLayerNorm(const Call& call, const std::vector<Array>& outputs, const std::string&) {
  const std::vector<Array> want = apply(call.op, asFloats(call.inputs), call.attrs);
  // As in layer_norm_kernel_test.cpp.
  if (call.op == "layerNormalization") {
    std::vector<Expected> expected{nearly(want[0].data, 2e-6, 4e-6), nearly(want[1].data, 1e-7, 1e-7),
                                   nearly(want[2].data, 2.4e-6, 1e-12)};
    // The roundings of x - mean, of numbers below 3, are multiplied by gamma, below 2, and by 1 / deviation.
    const size_t n = call.inputs[1].data.size();
    for (size_t i = 0; i < expected[0].bound.size(); ++i)
      expected[0].bound[i] += 2 * 3 * 2 * kFloat / std::sqrt(want[2].data[i / n] + kEpsilon);
    return compareAll(outputs, expected);
  }
  const double rows = static_cast<double>(count(call.inputs[1].shape()) / count(call.inputs[2].shape()));
  return compareAll(
      outputs, {nearly(want[0].data, 4e-6, 1.2e-5), nearly(want[1].data, 4e-6, 2e-6 * std::sqrt(rows) + 2e-6),
                nearly(want[2].data, 4e-6, 2e-6 * std::sqrt(rows) + 2e-6)});
}

}  // namespace

std::vector<Family> normFamilies() {
  return {{{"batchNormStatistics"}, statistics, checkStatistics},
          {{"batchNormNormalize"}, normalize, checkNormalize},
          {{"batchNormalizationBackward"}, backward, checkBackward},
          {{"batchNormMaxPool"}, pooled, checkPool},
          {{"batchNormMaxPoolBackward"}, pooled, checkPoolBackward},
          {{"layerNormalization", "layerNormalizationBackward"}, layerNorm, checkLayerNorm}};
}

}  // namespace nodegrad::sweep
