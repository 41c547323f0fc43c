// Bytes: quantisation, products and maxima.
#include <algorithm>
#include <cmath>

#include "graph/op.h"
#include "spec/composition.h"
#include "sweep/family.h"

namespace nodegrad::sweep {

namespace {

// What the node's composition gives.
std::vector<Array> composed(const Call& call) {
  const Subgraph made = spec::compose(call.spec());
  std::map<Value, Array> feeds;
  for (size_t i = 0; i < made.inputs.size(); ++i) {
    feeds[made.inputs[i]] = call.inputs[i];
    feeds[made.inputs[i]].type = made.graph.type(made.inputs[i]);
  }
  return reference::evaluate(made.graph, feeds, made.outputs);
}

// Bytes next to numbers in units of their scale, which may be off by so much.
std::string nearestBytes(const Array& actual, const std::vector<double>& units,
                         const std::vector<double>& off) {
  const bool isSigned = actual.type.dtype == DType::S8;
  for (size_t i = 0; i < units.size(); ++i) {
    const double whole = std::clamp(units[i], isSigned ? -128.0 : 0.0, isSigned ? 127.0 : 255.0);
    if (!(std::abs(actual.data[i] - whole) <= 0.5 + off[i]))
      return "at " + std::to_string(i) + ": expected the byte next to " + std::to_string(units[i]) +
             ", received " + std::to_string(actual.data[i]);
  }
  return "";
}
std::string nearestBytes(const Array& actual, const std::vector<double>& units, double relative) {
  std::vector<double> off;
  for (double v : units) off.push_back(relative * std::abs(v));
  return nearestBytes(actual, units, off);
}

Call quantize(Random& random, const std::string& op) {
  Array x = drawFloats(random, drawShape(random, static_cast<size_t>(random.integer(1, 4)), 4000), -3, 3);
  if (op == "quantize") {
    const bool isSigned = random.chance(0.5);
    const double scale = random.real(0.005, 0.05);
    Call call{op, {std::move(x)}, {}, {{"scale", scale}, {"signed", isSigned}}};
    call.outputs = {{isSigned ? DType::S8 : DType::U8, call.inputs[0].shape()}};
    return call;
  }
  const int64_t axis = random.integer(0, static_cast<int64_t>(x.shape().size()) - 1);
  if (random.chance(0.1)) std::fill(x.data.begin(), x.data.end(), 0);
  Call call{op, {std::move(x)}, {}, {{"axis", axis}}};
  const Dims& shape = call.inputs[0].shape();
  call.outputs = {{DType::S8, shape}, {DType::F32, {shape[static_cast<size_t>(axis)]}}};
  return call;
}

// x · factor, of which the factor is rounded.
std::string checkQuantize(const Call& call, const std::vector<Array>& outputs, const std::string&) {
  const Array& x = call.inputs[0];
  std::vector<double> units(x.data);
  if (call.op == "quantize") {
    for (double& v : units) v /= call.attrs.number("scale");
    return nearestBytes(outputs[0], units, 2 * kFloat);
  }
  const Array scales = composed(call)[1];
  const std::string wrong = compare(outputs[1], nearly(scales.data, 2 * kFloat, 0), 1);
  if (!wrong.empty()) return wrong;
  const auto axis = static_cast<size_t>(call.attrs.integer("axis"));
  reference::forEach(x.shape(), [&](const Dims& index, int64_t place) {
    units[static_cast<size_t>(place)] /= scales.data[static_cast<size_t>(index[axis])];
  });
  return nearestBytes(outputs[0], units, 4 * kFloat);
}

// Bytes often at the ends of their range, where pairs of products are too large for 16 bits.
Array bytes(Random& random, const Dims& shape, DType dtype, double low) {
  const double high = dtype == DType::U8 ? 256 : 128;
  Array made = drawNumbers(random, {dtype, shape}, low, high);
  if (random.chance(0.5))
    for (double& v : made.data) v = v > (low + high) / 2 ? high - 1 : low;
  return made;
}

// What both products take after the bytes of x and w, and give.
void finish(Random& random, Call& call, const TensorType& y) {
  const int64_t columns = call.inputs[1].shape().back();
  call.inputs.push_back(drawFloats(random, {columns}, 0.001, 0.1));
  call.outputs = {y};
  call.attrs.set("scale", random.chance(0.3) ? 1 : random.real(0.001, 0.1));
  call.attrs.set("activation", std::string(random.chance(0.5) ? "relu" : "linear"));
  if (random.chance(0.5)) call.inputs.push_back(drawFloats(random, {columns}, -9, 9));
  if (random.chance(0.4)) return;
  const bool isSigned = random.chance(0.5);
  call.attrs.set("outScale", random.chance(0.3) ? 1 : random.real(0.01, 0.3));
  call.attrs.set("outSigned", isSigned);
  call.outputs[0].dtype = isSigned ? DType::S8 : DType::U8;
}

Call matmul(Random& random, const std::string& op) {
  const int64_t m = drawSize(random, 40), k = drawSize(random, 300), n = drawSize(random, 70);
  const DType dtype = random.chance(0.5) ? DType::U8 : DType::S8;
  Call call{
      op,
      {bytes(random, {m, k}, dtype, dtype == DType::U8 ? 0 : -128), bytes(random, {k, n}, DType::S8, -127)},
      {}};
  finish(random, call, {DType::F32, {m, n}});
  return call;
}

Call conv(Random& random, const std::string& op) {
  const size_t spatial = random.pick(std::vector<size_t>{1, 2, 2, 2, 3});
  const int64_t groups = random.chance(0.8) ? 1 : random.integer(2, 9);
  const int64_t in = groups * drawSize(random, groups == 1 ? 70 : 5),
                out = groups * drawSize(random, groups == 1 ? 70 : 5);
  Dims kernel, strides, dilations, x{random.integer(1, 4)};
  for (size_t i = 0; i < spatial; ++i) {
    kernel.push_back(random.integer(1, spatial == 3 ? 3 : 5));
    strides.push_back(random.integer(1, 2));
    dilations.push_back(random.chance(0.8) ? 1 : 2);
    x.push_back(random.integer((kernel.back() - 1) * dilations.back() + 1, spatial == 3 ? 9 : 14));
  }
  x.push_back(in);
  Dims w = kernel;
  w.insert(w.end(), {in / groups, out});
  const DType dtype = random.chance(0.5) ? DType::U8 : DType::S8;
  const Attrs attrs{{"strides", strides},
                    {"dilations", dilations},
                    {"groups", groups},
                    {"padding", std::string(random.chance(0.5) ? "same" : "valid")}};
  const Call plain = regularCall("conv", {{{DType::F32, x}, {}}, {{DType::F32, w}, {}}}, attrs);
  Call call{op,
            {bytes(random, x, dtype, dtype == DType::U8 ? 0 : -128), bytes(random, w, DType::S8, -127)},
            {},
            plain.attrs};
  finish(random, call, plain.outputs[0]);
  // A plan asks first: such a one stays a convolution of float32.
  return testing::cpuBackend().supports(call.spec()) ? call : conv(random, op);
}

// Sums of products of bytes are exact; then each is rounded as float32, multiplied by three scales and added
// to a bias.
std::string checkProduct(const Call& call, const std::vector<Array>& outputs, const std::string&) {
  Call inFloats = call;
  inFloats.outputs[0].dtype = DType::F32;
  inFloats.attrs.set("outScale", 0.0);
  const std::vector<double> want = composed(inFloats)[0].data;
  Call sums = inFloats;
  sums.attrs.set("activation", std::string("linear"));
  const Array linear = composed(sums)[0];
  const auto columns = static_cast<size_t>(call.inputs[1].shape().back());
  std::vector<double> bound(want.size());
  for (size_t i = 0; i < bound.size(); ++i) {
    const double bias = call.inputs.size() > 3 ? std::abs(call.inputs[3].data[i % columns]) : 0;
    bound[i] = 6 * kFloat * (std::abs(linear.data[i]) + 2 * bias);
  }
  if (outputs[0].type.dtype == DType::F32) return compare(outputs[0], {want, bound}, 0);
  std::vector<double> units(want), off(bound);
  const double scale = call.attrs.number("outScale");
  for (size_t i = 0; i < want.size(); ++i) {
    units[i] /= scale;
    off[i] = bound[i] / scale + 2 * kFloat * std::abs(units[i]);
  }
  return nearestBytes(outputs[0], units, off);
}

Call maxPool(Random& random, const std::string& op) {
  const size_t spatial = random.pick(std::vector<size_t>{1, 2, 2, 3});
  Dims size, strides, x{random.integer(1, 3)};
  for (size_t i = 0; i < spatial; ++i) {
    size.push_back(random.integer(1, 3));
    strides.push_back(random.integer(1, 3));
    x.push_back(random.integer(size.back(), 12));
  }
  x.push_back(drawSize(random, 80));
  const Attrs attrs{{"poolSize", size},
                    {"strides", strides},
                    {"padding", std::string(random.chance(0.5) ? "same" : "valid")}};
  const Call plain = regularCall("maxPool", {{{DType::F32, x}, {}}}, attrs);
  const DType dtype = random.chance(0.5) ? DType::U8 : DType::S8;
  return {op,
          {bytes(random, x, dtype, dtype == DType::U8 ? 0 : -128)},
          {{dtype, plain.outputs[0].shape}},
          plain.attrs};
}

std::string checkMaxPool(const Call& call, const std::vector<Array>& outputs, const std::string&) {
  return compare(outputs[0], exactly(composed(call)[0].data), 0);
}

}  // namespace

std::vector<Family> quantizedFamilies() {
  return {{{"quantize", "quantizeAlong"}, quantize, checkQuantize},
          {{"quantizedMatmul"}, matmul, checkProduct},
          {{"quantizedConv"}, conv, checkProduct},
          {{"quantizedMaxPool"}, maxPool, checkMaxPool}};
}

}  // namespace nodegrad::sweep
