// What moves numbers without computing: copies, slices, gather and one-hot rows, layouts.
#include <algorithm>
#include <limits>

#include "cpu/conv/winograd/filters.h"
#include "cpu/conv/winograd/kernels.h"
#include "cpu/cpu_backend.h"
#include "cpu/isa.h"
#include "cpu/memory/onednn.h"
#include "graph/op.h"
#include "sweep/family.h"

namespace nodegrad::sweep {

namespace {

using reference::apply;

DType anyType(Random& random) {
  return random.pick(
      std::vector<DType>{DType::F32, DType::F32, DType::F32, DType::I32, DType::U8, DType::Bool});
}

Array anything(Random& random, const Dims& shape, DType dtype) {
  Array made = drawNumbers(random, {dtype, shape}, 0, dtype == DType::Bool ? 1 : 200);
  if (dtype == DType::F32 && random.chance(0.1)) poison(random, made);
  return made;
}

Dims anyShape(Random& random) {
  return drawShape(random, random.chance(0.5) ? 4 : static_cast<size_t>(random.integer(1, 5)),
                   random.chance(0.1) ? 70000 : 5000);
}

void layInputs(Random& random, Call& call) {
  const bool sameLayouts = random.chance(0.6);
  LayoutPtr last;
  for (const Array& input : call.inputs) {
    if (input.type.dtype == DType::Bool) {
      call.inputLayouts.push_back(nullptr);
      continue;
    }
    if (!sameLayouts || call.inputLayouts.empty() || !last) {
      last = drawImageLayout(random, input.type);
    } else {
      const auto same = arrangedLike(geometry(call.inputs[0].type, call.inputLayouts[0]), input.shape());
      last = same ? onednn::layoutOf(input.type.dtype, *same) : nullptr;
    }
    call.inputLayouts.push_back(last);
  }
}

Call make(Random& random, const std::string& op) {
  const DType dtype = op == "pad" || op == "sliceBackward" ? DType::F32 : anyType(random);
  Dims shape = anyShape(random);
  const auto rank = static_cast<int64_t>(shape.size());
  Attrs attrs;
  std::vector<Array> inputs;
  if (op == "constant") {
    attrs = {{"value", static_cast<double>(random.integer(0, 1))},
             {"shape", shape},
             {"dtype", std::string(name(dtype))}};
  } else if (op == "reshape") {
    inputs = {anything(random, shape, dtype)};
    attrs.set("shape", Dims{count(shape)});
  } else if (op == "transpose") {
    Dims perm(shape.size());
    for (size_t i = 0; i < perm.size(); ++i) perm[i] = static_cast<int64_t>(i);
    for (size_t i = perm.size(); i > 1; --i)
      std::swap(perm[i - 1], perm[static_cast<size_t>(random.integer(0, static_cast<int64_t>(i) - 1))]);
    inputs = {anything(random, shape, dtype)};
    attrs.set("perm", perm);
  } else if (op == "broadcastTo") {
    Dims narrow = shape;
    for (int64_t& size : narrow)
      if (random.chance(0.4)) size = 1;
    narrow.erase(narrow.begin(), narrow.begin() + random.integer(0, rank));
    inputs = {anything(random, narrow, dtype)};
    attrs.set("shape", shape);
  } else if (op == "concatenate") {
    const int64_t axis = random.integer(0, rank - 1);
    for (int64_t parts = random.integer(1, 4); parts > 0; --parts) {
      shape[static_cast<size_t>(axis)] = random.pick(std::vector<int64_t>{1, 3, 8, 16, 17, 32});
      inputs.push_back(anything(random, shape, dtype));
    }
    attrs.set("axis", axis);
  } else if (op == "pad") {
    Dims paddings;
    for (int64_t i = 0; i < 2 * rank; ++i)
      paddings.push_back(
          random.chance(0.4) ? random.integer(0, 3) * random.pick(std::vector<int64_t>{1, 1, 8}) : 0);
    inputs = {anything(random, shape, dtype)};
    attrs = {{"paddings", paddings}, {"value", random.pick(std::vector<double>{0, 0, 0.5})}};
  } else {
    Dims begin, end, strides;
    for (int64_t size : shape) {
      const bool whole = random.chance(0.5);
      const int64_t unit = size % 8 == 0 && random.chance(0.6) ? 8 : 1;
      begin.push_back(whole ? 0 : random.integer(0, (size - 1) / unit) * unit);
      end.push_back(whole ? size : std::min(size, begin.back() + random.integer(1, size / unit + 1) * unit));
      strides.push_back(random.chance(0.2) ? random.integer(1, 3) : 1);
      if (!random.chance(0.2)) continue;
      // The same part from its end on.
      strides.back() = -strides.back();
      const int64_t first = begin.back();
      begin.back() = end.back() - 1;
      end.back() = first ? first - 1 : std::numeric_limits<int64_t>::min();
    }
    attrs = {{"begin", begin}, {"end", end}, {"strides", strides}};
    const Call slice = regularCall("slice", {anything(random, shape, dtype)}, attrs);
    inputs = slice.inputs;
    if (op == "sliceBackward") inputs = {anything(random, slice.outputs[0].shape, dtype), inputs[0]};
  }
  Call call = regularCall(op, std::move(inputs), attrs);
  if (op == "sliceBackward") call.inputs.pop_back();  // read for its shape alone
  layInputs(random, call);
  return call;
}

std::string check(const Call& call, const std::vector<Array>& outputs, const std::string&) {
  std::vector<Array> inputs = asFloats(call.inputs);
  if (call.op == "sliceBackward") inputs.push_back({{DType::F32, call.outputs[0].shape}, {}});
  return compare(outputs[0], exactly(apply(call.op, inputs, call.attrs)[0].data), 0);
}

Call gather(Random& random, const std::string& op) {
  const Dims shape = drawShape(random, static_cast<size_t>(random.integer(1, 4)), 4000);
  const int64_t axis = random.integer(0, static_cast<int64_t>(shape.size()) - 1);
  const int64_t batchDims = random.chance(0.3) ? random.integer(0, axis) : 0;
  Dims positions(shape.begin(), shape.begin() + batchDims);
  for (int64_t d = random.integer(0, 2); d > 0; --d) positions.push_back(random.integer(1, 9));
  const int64_t rows = shape[static_cast<size_t>(axis)];
  const DType type = rows <= 256 && random.chance(0.3) ? DType::U8 : DType::I32;
  const Array indices = drawNumbers(random, {type, positions}, 0, static_cast<double>(rows) - 0.001);
  const Attrs attrs{{"axis", axis}, {"batchDims", batchDims}};
  const Call forward = regularCall(
      "gather", {anything(random, shape, op == "gather" ? anyType(random) : DType::F32), indices}, attrs);
  if (op == "gather") return forward;
  Call back =
      regularCall(op, {drawFloats(random, forward.outputs[0].shape), indices, forward.inputs[0]}, attrs);
  back.inputs.pop_back();
  return back;
}

std::string checkGather(const Call& call, const std::vector<Array>& outputs, const std::string&) {
  std::vector<Array> inputs = asFloats(call.inputs);
  if (call.op == "gather") return compare(outputs[0], exactly(apply(call.op, inputs, call.attrs)[0].data), 0);
  inputs.push_back({{DType::F32, call.outputs[0].shape}, {}});
  const std::vector<double> value = apply(call.op, inputs, call.attrs)[0].data;
  const double most = static_cast<double>(inputs[1].data.size());
  inputs[0] = absolute(inputs[0]);
  return compare(outputs[0], summed(value, apply(call.op, inputs, call.attrs)[0].data, most), 0);
}

Call oneHot(Random& random, const std::string& op) {
  const Dims shape = drawShape(random, static_cast<size_t>(random.integer(0, 3)), 300);
  const int64_t depth = random.integer(1, 40);
  const DType type = random.chance(0.4) ? DType::U8 : DType::I32;
  return regularCall(
      op, {drawNumbers(random, {type, shape}, type == DType::U8 ? 0 : -2, static_cast<double>(depth) + 2)},
      {{"depth", depth}, {"onValue", random.real(0, 2)}, {"offValue", random.real(-1, 0)}});
}

std::string checkOneHot(const Call& call, const std::vector<Array>& outputs, const std::string&) {
  return compare(outputs[0], nearly(apply(call.op, call.inputs, call.attrs)[0].data, kFloat, 0), 0);
}

Call toIndices(Random& random, const std::string& op) {
  const Dims shape = drawShape(random, static_cast<size_t>(random.integer(0, 3)), 50000);
  return regularCall(op, {drawNumbers(random, {DType::F32, shape}, -300, 300)}, {});
}

std::string checkToIndices(const Call& call, const std::vector<Array>& outputs, const std::string&) {
  return compare(outputs[0], exactly(apply(call.op, call.inputs, call.attrs)[0].data), 0);
}

// A layout of a convolution's weights [kh, kw, in, out]: blocks of both kinds of channels, or whatever some
// convolution wants them in.
LayoutPtr drawKernelLayout(Random& random, const TensorType& type) {
  using onednn::Tag;
  const Dims& w = type.shape;
  if (random.chance(0.5)) {
    const Tag tag =
        random.pick(std::vector<Tag>{Tag::OIhw16i16o, Tag::OIhw8i8o, Tag::OIhw16o16i, Tag::Ohwi16o,
                                     Tag::Ohwi8o, Tag::OhwI16o2i, Tag::oihw, Tag::ohwi, Tag::hwio});
    return onednn::layoutOf(
        onednn::Desc({w[3], w[2], w[0], w[1]}, onednn::dataType(type.dtype), tag).permute_axes({3, 2, 0, 1}));
  }
  const int64_t groups = w[3] % 2 == 0 && random.chance(0.3) ? 2 : 1;
  const Array x{{type.dtype, {1, w[0] + 3, w[1] + 3, w[2] * groups}}, {}};
  Call conv = regularCall("conv", {asFloats(x), asFloats(Array{type, {}})}, {{"groups", groups}});
  conv.inputs = {x, {type, {}}};
  conv.inputLayouts = {drawImageLayout(random, x.type), nullptr};
  const LayoutPtr chosen = testing::cpuBackend().layouts(conv.spec(), {false, true}).inputs[1];
  return chosen && chosen->keepsNumbers() ? chosen : nullptr;
}

// That of a dense layer's weights [k, units] after an image that is flattened.
LayoutPtr drawDenseLayout(Random& random, const TensorType& type, const Dims& image) {
  const Array x{{type.dtype, image}, {}}, w{type, {}};
  const Call dense{"innerProduct",
                   {x, w},
                   {{type.dtype, {image[0], type.shape[1]}}},
                   {},
                   {drawImageLayout(random, x.type), nullptr}};
  return testing::cpuBackend().layouts(dense.spec(), {false, true}).inputs[1];
}

Call reorder(Random& random, const std::string& op) {
  const int64_t kind = random.integer(0, 3);
  std::function<LayoutPtr(const TensorType&)> lay = [&](const TensorType& type) {
    return drawImageLayout(random, type);
  };
  Dims shape = random.chance(0.85) ? drawShape(random, 4, 5000) : anyShape(random);
  DType from = DType::F32, to = DType::F32;
  if (kind == 0) {
    from = to = random.pick(std::vector<DType>{DType::I32, DType::U8});
  } else if (cpuHasBfloat16() && random.chance(0.4)) {
    (random.chance(0.7) ? to : from) = DType::BF16;
  }
  if (kind == 2) {
    shape = {random.integer(1, 4), random.integer(1, 4), drawSize(random, 40), drawSize(random, 40)};
    lay = [&](const TensorType& type) {
      return random.chance(0.2) ? nullptr : drawKernelLayout(random, type);
    };
  }
  Dims image;
  if (kind == 3) {
    image = {random.integer(1, 3), random.integer(1, 3), random.integer(1, 3), drawSize(random, 33)};
    shape = {image[1] * image[2] * image[3], drawSize(random, 20)};
    lay = [&](const TensorType& type) { return drawDenseLayout(random, type, image); };
  }
  Array x = anything(random, shape, from);
  Call call{op, {x}, {{to, shape}}, {}, {lay(x.type)}, {lay({to, shape})}};
  // Filters that are transformed before the first step come from any layout.
  const int64_t lanes = isaKernels().winograd->lanes;
  if (kind == 2 && from == DType::F32 && lanes > 0 && random.chance(0.3)) {
    const int64_t in = lanes * random.integer(1, 3), out = lanes * random.integer(1, 3);
    call.inputs = {drawFloats(random, {3, 3, in, out})};
    call.inputLayouts = {random.chance(0.3) ? nullptr : drawKernelLayout(random, call.inputs[0].type)};
    call.outputs = {call.inputs[0].type};
    call.outputLayouts = {winograd::filterLayout(
        {3, 3, in, out}, cpuHasBfloat16() && random.chance(0.5) ? DType::BF16 : DType::F32)};
  }
  return call;
}

std::string checkReorder(const Call& call, const std::vector<Array>& outputs, const std::string&) {
  const LayoutPtr& to = call.outputLayouts[0];
  if (!winograd::isFilterLayout(to)) return compare(outputs[0], exactly(call.inputs[0].data), 0);
  // The same bytes as from row-major filters.
  const Array expected = testing::rowMajor(call.outputs[0], to, testing::laidOut(call.inputs[0], to).data());
  return compare(outputs[0], exactly(expected.data), 0);
}

Call warp(Random& random, const std::string& op) {
  const bool isNearest = random.chance(0.4);
  const Dims shape{random.integer(1, 3), random.integer(1, 12), random.integer(1, 70),
                   random.pick(std::vector<int64_t>{1, 2, 3, 4})};
  const int64_t n = random.chance(0.3) ? 1 : shape[0];
  Array transforms{{DType::F32, {n, 8}}, std::vector<double>(static_cast<size_t>(n * 8))};
  // Quarters, of which all sums and products with whole numbers are exact: what is nearest is sure.
  for (size_t i = 0; i < transforms.data.size(); ++i) {
    const bool isOffset = i % 8 == 2 || i % 8 == 5, isTilt = i % 8 > 5;
    const double quarters = static_cast<double>(random.integer(isOffset ? -300 : -8, isOffset ? 300 : 8)) / 4;
    transforms.data[i] = isTilt ? (isNearest || random.chance(0.7) ? 0 : std::abs(quarters) / 64) : quarters;
  }
  const DType dtype = isNearest && random.chance(0.3) ? DType::I32 : DType::F32;
  const std::string mode =
      random.pick(std::vector<std::string>{"constant", "nearest", "wrap", "mirror", "reflect"});
  return regularCall(
      op, {drawNumbers(random, {dtype, shape}, 0, 200), std::move(transforms)},
      {{"nearest", isNearest}, {"fillMode", mode}, {"fillValue", random.chance(0.5) ? 0.0 : 7.0}});
}

// Places are up to 75 + 2 · 70 + 2 · 12 away, a handful of roundings of that; each moves a pixel
// by its difference from its neighbour, of 200, along two axes.
std::string checkWarp(const Call& call, const std::vector<Array>& outputs, const std::string&) {
  std::vector<double> value = apply(call.op, asFloats(call.inputs), call.attrs)[0].data;
  if (call.attrs.boolean("nearest")) return compare(outputs[0], exactly(std::move(value)), 0);
  return compare(outputs[0], nearly(std::move(value), 8 * kFloat, 2 * 200 * 8 * 256 * kFloat), 0);
}

}  // namespace

std::vector<Family> moveFamilies() {
  return {
      {{"constant", "reshape", "transpose", "broadcastTo", "concatenate", "pad", "slice", "sliceBackward"},
       make,
       check},
      {{"gather", "gatherBackward"}, gather, checkGather},
      {{"toIndices"}, toIndices, checkToIndices},
      {{"oneHot"}, oneHot, checkOneHot},
      {{"warp"}, warp, checkWarp},
      {{"reorder"}, reorder, checkReorder}};
}

}  // namespace nodegrad::sweep
