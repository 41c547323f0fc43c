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
  bool places;  // of one byte
};

Drawn draw(Random& random) {
  const bool last = random.chance(0.75);
  Dims size{random.integer(1, 4), random.integer(1, 4)}, strides{random.integer(1, 4), random.integer(1, 4)};
  if (random.chance(0.05)) size = {17, 16};  // places that need more than a byte
  Attrs attrs{{"poolSize", size}, {"dataFormat", std::string(last ? "channelsLast" : "channelsFirst")}};
  if (random.chance(0.7)) attrs.set("strides", strides);
  int64_t h = random.integer(1, 14), w = random.integer(1, 14);
  const int64_t padding = random.integer(0, 2);
  if (padding == 1) {
    attrs.set("padding", std::string("same"));
  } else {
    Dims pads(4, 0);
    // Every window holds some of the image: pads below the window's size.
    if (padding == 2)
      for (size_t i = 0; i < 4; ++i) pads[i] = random.integer(0, size[i / 2] - 1);
    h = std::max(h, size[0]);
    w = std::max(w, size[1]);
    if (padding == 2) {
      attrs.set("padding", std::string("explicit"));
      attrs.set("pads", pads);
    }
  }
  const int64_t n = random.chance(0.3) ? random.pick(std::vector<int64_t>{4, 8, 16}) : random.integer(1, 3);
  const int64_t c = drawSize(random, 40);
  Drawn drawn;
  drawn.x = last ? Dims{n, h, w, c} : Dims{n, c, h, w};
  const Call plain = regularCall("maxPool", {{{DType::F32, drawn.x}, {}}}, attrs);
  drawn.attrs = plain.attrs;
  drawn.y = plain.outputs[0].shape;
  drawn.places = plain.outputs[1].dtype == DType::U8;
  return drawn;
}

// Places within the image, as a forward pass leaves them.
Array places(Random& random, const Drawn& d) {
  return apply("maxPool", {drawFloats(random, d.x)}, d.attrs)[1];
}

Call make(Random& random, const std::string& op) {
  const Drawn d = draw(random);
  const bool average = op[0] == 'a',
             forward = op == "maxPool" || op == "averagePool" || op == "maxPoolGather";
  Array first = drawFloats(random, forward ? d.x : d.y);
  if (random.chance(0.1)) poison(random, first);
  Call call{op, {std::move(first)}, {{DType::F32, forward ? d.y : d.x}}, d.attrs};
  if (op == "maxPool") call.outputs.push_back({d.places ? DType::U8 : DType::I32, d.y});
  if (op == "maxPoolBackward" || op == "maxPoolGather") call.inputs.push_back(places(random, d));
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
  const Dims& size = call.attrs.integers("poolSize");
  const double terms = static_cast<double>(size[0] * size[1]);
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
