// Max and average pooling, forwards and backwards.
#include <algorithm>
#include <cmath>

#include "core/window.h"
#include "graph/op.h"
#include "sweep/family.h"

namespace nodegrad::sweep {

namespace {

using reference::apply;

struct Drawn {
  Attrs attrs;
  Dims x, y;
  bool argmaxOfOneByte;
};

Drawn draw(Random& random) {
  const bool last = random.chance(0.75);
  const size_t spatial = random.pick(std::vector<size_t>{1, 2, 2, 2, 3});
  Dims size, strides, sides;
  for (size_t i = 0; i < spatial; ++i) {
    size.push_back(random.integer(1, spatial == 3 ? 3 : 4));
    strides.push_back(random.integer(1, 4));
    sides.push_back(random.integer(1, spatial == 3 ? 7 : 14));
  }
  // Places that need more than a byte.
  if (random.chance(0.05)) size = spatial == 1 ? Dims{257} : spatial == 2 ? Dims{17, 16} : Dims{7, 6, 7};
  Attrs attrs{{"poolSize", size}, {"dataFormat", std::string(last ? "channelsLast" : "channelsFirst")}};
  if (random.chance(0.7)) attrs.set("strides", strides);
  const int64_t padding = random.integer(0, 2);
  if (padding == 1) {
    attrs.set("padding", std::string("same"));
  } else {
    Dims pads(2 * spatial, 0);
    // Every window holds some of the image: pads below the window's size.
    if (padding == 2)
      for (size_t i = 0; i < pads.size(); ++i) pads[i] = random.integer(0, size[i / 2] - 1);
    for (size_t i = 0; i < spatial; ++i) sides[i] = std::max(sides[i], size[i]);
    if (padding == 2) {
      attrs.set("padding", std::string("explicit"));
      attrs.set("pads", pads);
    }
  }
  const int64_t n = random.chance(0.3) ? random.pick(std::vector<int64_t>{4, 8, 16}) : random.integer(1, 3);
  const int64_t c = drawSize(random, 40);
  Drawn drawn;
  drawn.x = sides;
  drawn.x.insert(drawn.x.begin(), n);
  drawn.x.insert(last ? drawn.x.end() : drawn.x.begin() + 1, c);
  const Call plain = regularCall("maxPool", {{{DType::F32, drawn.x}, {}}}, attrs);
  drawn.attrs = plain.attrs;
  drawn.y = plain.outputs[0].shape;
  drawn.argmaxOfOneByte = plain.outputs[1].dtype == DType::U8;
  return drawn;
}

// Places within the image, as a forward pass leaves them.
Array positions(Random& random, const Drawn& d) {
  return apply("maxPool", {drawFloats(random, d.x)}, d.attrs)[1];
}

Call make(Random& random, const std::string& op) {
  const Drawn d = draw(random);
  const bool average = op[0] == 'a',
             forward = op == "maxPool" || op == "averagePool" || op == "maxPoolGather";
  Array first = drawFloats(random, forward ? d.x : d.y);
  if (random.chance(0.1)) poison(random, first);
  Call call{op, {std::move(first)}, {{DType::F32, forward ? d.y : d.x}}, d.attrs};
  if (op == "maxPool") call.outputs.push_back({d.argmaxOfOneByte ? DType::U8 : DType::I32, d.y});
  if (op == "maxPoolBackward" || op == "maxPoolGather") call.inputs.push_back(positions(random, d));
  if (average) call.attrs.set("divide", random.chance(0.7));
  for (const Array& input : call.inputs) call.inputLayouts.push_back(drawImageLayout(random, input.type));
  return call;
}

std::string check(const Call& call, const std::vector<Array>& outputs, const std::string&) {
  std::vector<Array> inputs = asFloats(call.inputs);
  const bool backward = call.op.find("Backward") != std::string::npos;
  if (backward) inputs.push_back({{DType::F32, call.outputs[0].shape}, {}});  // read for its shape alone
  const std::vector<Array> want = apply(call.op, inputs, call.attrs);
  if (call.op == "maxPool" || call.op == "maxPoolGather")
    return compareAll(outputs, [&] {
      std::vector<Expected> expected;
      for (const Array& array : want) expected.push_back(exactly(array.data));
      return expected;
    }());
  for (Array& input : inputs)
    if (input.type.dtype == DType::F32) input = absolute(input);
  const auto terms = static_cast<double>(count(call.attrs.integers("poolSize")));
  Expected sums = summed(want[0].data, apply(call.op, inputs, call.attrs)[0].data, terms);
  // Where windows overlap, gradients in bfloat16 are added in memory, with a rounding each.
  if (backward && outputs[0].type.dtype == DType::BF16)
    for (double& bound : sums.bound) bound *= kBFloat16 / kFloat;
  return compare(outputs[0], sums, 0);
}

}  // namespace

std::vector<Family> poolFamilies() {
  return {
      {{"maxPool", "maxPoolBackward", "maxPoolGather", "averagePool", "averagePoolBackward"}, make, check}};
}

}  // namespace nodegrad::sweep
