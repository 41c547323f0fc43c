// Convolutions in their three passes, with all that a plan fuses into them.
#include "cpu/conv/conv.h"

#include <algorithm>
#include <cmath>

#include "graph/op.h"
#include "sweep/family.h"

namespace nodegrad::sweep {

namespace {

using reference::apply;

struct Drawn {
  Attrs attrs;
  Array x, w, y;  // y: random numbers of the output's shape, its gradient
};

Attrs pool2x2(const Attrs& conv) {
  return checkAttrs(findOp("maxPool"), {{"poolSize", Dims{2, 2}}, {"dataFormat", conv.text("dataFormat")}});
}

// One of three kinds: any shape at all, of 1 to 3 spatial dimensions, some of them between few channels and
// such that fill vectors; 3×3 kernels between channels that fill vectors; few channels with a batch that
// fills them.
Drawn draw(Random& random) {
  const int64_t kind = random.integer(0, 9);
  const bool tiles = kind < 3, samples = kind == 3 || kind == 4;
  const size_t spatial = tiles     ? 2
                         : samples ? random.pick(std::vector<size_t>{1, 2, 2})
                                   : random.pick(std::vector<size_t>{1, 2, 2, 3});
  int64_t n = random.integer(1, 3), in, out, groups = 1;
  Dims kernel(spatial, 3), strides(spatial, 1), dilations(spatial, 1), sides(spatial);
  if (tiles) {
    in = random.pick(std::vector<int64_t>{8, 16, 32, 48});
    out = random.pick(std::vector<int64_t>{8, 16, 32, 48});
    for (int64_t& side : sides) side = random.integer(1, 13);
  } else {
    if (samples) n = random.pick(std::vector<int64_t>{4, 8, 16, 32});
    const bool volume = spatial == 3;
    const int64_t first =
        random.pick(volume ? std::vector<int64_t>{1, 1, 2, 3, 3} : std::vector<int64_t>{1, 1, 2, 3, 3, 5, 7});
    for (size_t axis = 0; axis < spatial; ++axis) {
      kernel[axis] = axis == 0 || random.chance(0.7) ? first : random.integer(1, volume ? 3 : 7);
      if (random.chance(0.4)) strides[axis] = random.integer(1, 3);
      if (random.chance(0.2)) dilations[axis] = random.integer(1, 3);
      sides[axis] = random.integer(1, volume ? 7 : 12);
    }
    if (random.chance(0.5)) strides.back() = strides[0];
    const int64_t most = samples ? 9 : 40;
    in = drawSize(random, most);
    out = drawSize(random, most);
    if (!samples && random.chance(0.15)) {
      in = random.pick(std::vector<int64_t>{8, 16, 32, 48});
      out = random.integer(1, 5);
      if (random.chance(0.4)) std::swap(in, out);
    } else if (!samples && random.chance(0.35)) {
      const bool depthwise = random.chance(0.5);
      groups = depthwise ? in : random.pick(std::vector<int64_t>{1, 2, 3, 4, 8});
      if (!depthwise) in = groups * random.integer(1, 9);
      out = groups * random.integer(1, depthwise ? 2 : 9);
    }
    if (!volume && random.chance(0.2)) sides.back() = random.integer(1, 40);
  }
  const bool last = random.chance(0.75);
  Attrs attrs{{"strides", strides},
              {"dilations", dilations},
              {"groups", groups},
              {"dataFormat", std::string(last ? "channelsLast" : "channelsFirst")}};
  const int64_t padding = random.integer(0, 2);
  Dims pads(2 * spatial, 0);
  for (size_t axis = 0; axis < spatial; ++axis) {
    const int64_t reach = (kernel[axis] - 1) * dilations[axis] + 1;
    if (padding == 2)
      for (size_t i : {2 * axis, 2 * axis + 1}) pads[i] = random.integer(0, tiles ? 2 : reach);
    if (padding != 1) sides[axis] = std::max(sides[axis], reach - pads[2 * axis] - pads[2 * axis + 1]);
  }
  if (padding == 1) attrs.set("padding", std::string("same"));
  if (padding == 2) {
    attrs.set("padding", std::string("explicit"));
    attrs.set("pads", pads);
  }
  Dims x = sides, w = kernel;
  x.insert(x.begin(), n);
  x.insert(last ? x.end() : x.begin() + 1, in);
  w.insert(w.end(), {in / groups, out});
  Drawn drawn;
  drawn.x = drawFloats(random, x);
  drawn.w = drawFloats(random, w);
  const Call plain = regularCall("conv", {drawn.x, drawn.w}, attrs);
  drawn.attrs = plain.attrs;
  drawn.y = drawFloats(random, plain.outputs[0].shape);
  return drawn;
}

bool fuses(const Call& call) {
  Call open = call;
  open.inputLayouts.clear();
  open.outputLayouts.clear();
  return testing::cpuBackend().supports(open.spec());
}

Dims cut(Random& random, int64_t channels) {
  Dims parts;
  for (int64_t left = channels; left > 0; left -= parts.back())
    parts.push_back(std::min(left, random.pick(std::vector<int64_t>{8, 16, 32})));
  return parts;
}

TensorType part(const TensorType& whole, int axis, int64_t channels) {
  TensorType type = whole;
  type.shape[static_cast<size_t>(axis)] = channels;
  return type;
}

TensorType pooledType(const TensorType& y, const Attrs& attrs, DType dtype) {
  return {dtype, findOp("maxPool").infer({"maxPool", {y}, pool2x2(attrs)})[0].shape};
}

bool canPool(const Drawn& d) {
  if (d.y.shape().size() != 4) return false;
  const ImageAxes axes = imageAxes("conv", d.attrs, d.y.shape().size());
  return d.y.shape()[static_cast<size_t>(axes.h())] >= 2 && d.y.shape()[static_cast<size_t>(axes.w())] >= 2;
}

void splitImage(Random& random, Call& call, const Attrs& attrs, size_t x) {
  const int axis = imageAxes("conv", attrs, call.inputs[x].shape().size()).c;
  Call fused = call;
  const Dims parts = cut(random, call.inputs[x].shape()[static_cast<size_t>(axis)]);
  if (parts.size() < 2) return;
  fused.attrs.set("concatChannels", parts);
  for (size_t p = 0; p < parts.size(); ++p) {
    Array made = drawFloats(random, part(call.inputs[x].type, axis, parts[p]).shape);
    if (p == 0)
      fused.inputs[x] = std::move(made);
    else
      fused.inputs.push_back(std::move(made));
  }
  if (fuses(fused)) call = std::move(fused);
}

Call forward(Random& random, const std::string&) {
  const Drawn d = draw(random);
  const int axis = imageAxes("conv", d.attrs, d.y.shape().size()).c;
  Call call{"conv", {d.x, d.w}, {d.y.type}, d.attrs};
  if (random.chance(0.15)) poison(random, call.inputs[0]);
  if (random.chance(0.5)) {
    call.inputs.push_back(drawFloats(random, {d.y.shape()[static_cast<size_t>(axis)]}));
    call.undecided = {false, true, true};
  } else {
    call.undecided = {false, true};
  }
  if (random.chance(0.6))
    call.attrs.set("activation", random.pick(std::vector<std::string>{"relu", "relu", "tanh", "sigmoid"}));
  if (random.chance(0.3)) call.undecided.clear();
  const int64_t fusion = random.integer(0, 5);
  Call fused = call;
  if (fusion == 0) {
    fused.attrs.set("residual", true);
    if (fused.attrs.has("activation")) fused.attrs.set("activation", std::string("relu"));
    fused.inputs.push_back(drawFloats(random, d.y.shape()));
  } else if (fusion == 1 && canPool(d)) {
    fused.attrs.set("pooling", true);
    fused.outputs = {pooledType(d.y.type, d.attrs, DType::F32), pooledType(d.y.type, d.attrs, DType::U8)};
    if (random.chance(0.5)) fused.outputs.push_back(d.y.type);
  } else if (fusion == 2) {
    fused.attrs.set("statistics", true);
    const TensorType channels{DType::F32, {d.y.shape()[static_cast<size_t>(axis)]}};
    fused.outputs = {d.y.type, channels, channels};
  }
  if (fusion <= 2 && fuses(fused)) call = fused;
  if (random.chance(0.2)) splitImage(random, call, d.attrs, 0);
  if (random.chance(0.3)) call.invariant = {false, true};
  call.undecided.resize(call.inputs.size());
  call.inputLayouts.resize(call.inputs.size());
  for (size_t i = 0; i < call.inputs.size(); ++i)
    if (i != 1) call.inputLayouts[i] = drawImageLayout(random, call.inputs[i].type);
  return call;
}

// The layout in which the forward pass keeps its weights.
LayoutPtr weightsLayout(Random& random, const Drawn& d) {
  if (random.chance(0.3)) return nullptr;
  const Call call{"conv", {d.x, d.w}, {d.y.type}, d.attrs, {drawImageLayout(random, d.x.type), nullptr}};
  return testing::cpuBackend().layouts(call.spec(), {false, true}).inputs[1];
}

Array positions(Random& random, const TensorType& type) { return drawNumbers(random, type, 0, 3.999); }

Call backwardData(Random& random, const std::string&) {
  const Drawn d = draw(random);
  Call call{"convBackwardData", {d.w, d.y}, {d.x.type}, d.attrs};
  if (random.chance(0.1)) poison(random, call.inputs[1]);
  const LayoutPtr w = weightsLayout(random, d);
  const int64_t fusion = random.integer(0, 5);
  Call fused = call;
  if (fusion <= 1 && canPool(d)) {
    fused.attrs.set("pooledGradient", true);
    fused.inputs[1] = drawFloats(random, pooledType(d.y.type, d.attrs, DType::F32).shape);
    fused.inputs.push_back(positions(random, pooledType(d.y.type, d.attrs, DType::U8)));
    if (fuses(fused)) call = fused;
  }
  fused = call;
  if (fusion == 1 || fusion == 2) {
    fused.attrs.set("mask", true);
    fused.inputs.push_back(drawFloats(random, d.x.shape()));
    if (fuses(fused)) call = fused;
  } else if (fusion == 3) {
    const int axis = imageAxes("conv", d.attrs, d.y.shape().size()).c;
    const Dims parts = cut(random, d.x.shape()[static_cast<size_t>(axis)]);
    if (parts.size() > 1) {
      fused.attrs.set("concatChannels", parts);
      fused.outputs.clear();
      for (int64_t channels : parts) fused.outputs.push_back(part(d.x.type, axis, channels));
      if (fuses(fused)) call = fused;
    }
  }
  if (random.chance(0.2)) call.invariant = {true};
  call.inputLayouts.resize(call.inputs.size());
  call.inputLayouts[0] = w;
  for (size_t i = 1; i < call.inputs.size(); ++i)
    call.inputLayouts[i] = drawImageLayout(random, call.inputs[i].type);
  return call;
}

Call backwardFilter(Random& random, const std::string&) {
  const Drawn d = draw(random);
  Call call{"convBackwardFilter", {d.x, d.y}, {d.w.type}, d.attrs};
  if (random.chance(0.1)) poison(random, call.inputs[static_cast<size_t>(random.integer(0, 1))]);
  const int axis = imageAxes("conv", d.attrs, d.y.shape().size()).c;
  if (random.chance(0.5)) call.outputs.push_back({DType::F32, {d.y.shape()[static_cast<size_t>(axis)]}});
  if (random.chance(0.25) && canPool(d)) {
    Call fused = call;
    fused.attrs.set("pooledGradient", true);
    fused.inputs[1] = drawFloats(random, pooledType(d.y.type, d.attrs, DType::F32).shape);
    fused.inputs.push_back(positions(random, pooledType(d.y.type, d.attrs, DType::U8)));
    if (fuses(fused)) call = fused;
  }
  if (random.chance(0.2)) splitImage(random, call, d.attrs, 0);
  for (const Array& input : call.inputs) call.inputLayouts.push_back(drawImageLayout(random, input.type));
  call.outputLayouts = {weightsLayout(random, d)};
  call.outputLayouts.resize(call.outputs.size());
  return call;
}

Array joined(const std::vector<Array>& parts, int axis) {
  if (parts.size() == 1) return parts[0];
  return apply("concatenate", parts, {{"axis", int64_t{axis}}})[0];
}

double rms(const std::vector<double>& numbers) {
  double squares = 0;
  for (double v : numbers) squares += v * v;
  return std::sqrt(squares / std::max<double>(1, static_cast<double>(numbers.size())));
}

// op(a, b) of sums of `terms` products. Direct sums err by roundings alone. Winograd's transforms mix numbers
// of all sizes: in float32 by 2e-5 of the root mean square of such sums at most (measured in float64, twelve
// times the root mean square of the error), in bfloat16 by 1.6e-2 in the root mean square and at most twelve
// times that for one number. A NaN spreads over the tile.
Attr valueOf(const Attrs& attrs, const std::string& name) {
  return std::find_if(attrs.begin(), attrs.end(), [&](const auto& item) { return item.first == name; })
      ->second;
}

// How many channels each group reads.
int64_t inputsOf(const Convolution& conv) { return conv.w.shape[conv.w.shape.size() - 2]; }

// Whether products in bfloat16 are filled up: oneDNN's last pair with zero times the channel, pixel or group
// that comes next, gradients of filters on tiles with zeros between rows of pixels; which is NaN where the
// other factor is NaN or infinite.
bool fillsUp(const Convolution& conv, const std::string& implementation) {
  // Of images of few channels oneDNN's code for tiles reads the next pixels, too.
  if (implementation == "own:amx" || implementation == "jit:avx512_core_amx") return true;
  if (implementation.find(":avx512_core_bf16") == std::string::npos &&
      implementation != "brgconv_bwd_w:avx512_core_amx")
    return false;
  const int64_t summed = conv.pass == ConvPass::Forward        ? inputsOf(conv)
                         : conv.pass == ConvPass::BackwardData ? conv.w.shape.back() / conv.groups
                                                               : conv.window.out[conv.window.spatial - 1];
  return summed % 2 == 1;
}

struct Sum {
  Expected expected;
  bool spreads;  // a NaN, to results that do not depend on it
};
Sum sumOf(const std::string& op, const std::vector<Array>& inputs, const Attrs& attrs, double terms,
          const Convolution& conv, const std::string& implementation) {
  Attrs plain;
  for (const AttrSpec& known : findOp(op).attrs) plain.set(known.name, valueOf(attrs, known.name));
  const Array value = apply(op, inputs, plain)[0];
  std::vector<Array> sizes = inputs;
  for (Array& array : sizes) array = absolute(array);
  const bool winograd = implementation.rfind("winograd", 0) == 0;
  Sum sum{summed(value.data, apply(op, sizes, plain)[0].data, terms),
          winograd || fillsUp(conv, implementation)};
  if (!sum.spreads) return sum;
  const bool inBf16 = implementation.find("bf16") != std::string::npos;
  std::vector<double> finite[2];
  for (size_t i : {0, 1})
    for (double v : inputs[i].data)
      if (std::isfinite(v)) finite[i].push_back(v);
  const bool poisoned = finite[0].size() < inputs[0].data.size() || finite[1].size() < inputs[1].data.size();
  const double size = std::sqrt(terms) * rms(finite[0]) * rms(finite[1]);
  for (size_t i = 0; i < sum.expected.bound.size(); ++i)
    if (poisoned)
      sum.expected.bound[i] = kUnbound;
    else if (winograd)
      sum.expected.bound[i] += (inBf16 ? 12 * 1.6e-2 : 2e-5) * size;
  return sum;
}

// A NaN does not vanish where it spreads.
std::string keepsNan(const Expected& expected, const Array& actual) {
  for (size_t i = 0; i < expected.value.size(); ++i)
    if (std::isnan(expected.value[i]) && std::isfinite(actual.data[i]))
      return "expected NaN at " + std::to_string(i) + ", received " + std::to_string(actual.data[i]);
  return "";
}

void activate(const Attrs& attrs, Expected& y) {
  const std::string name = attrs.has("activation") ? attrs.text("activation") : "linear";
  if (name == "linear") return;
  Array values{{DType::F32, {static_cast<int64_t>(y.value.size())}}, y.value};
  y.value = apply(name, {values})[0].data;
  // All of them have slopes of at most 1; oneDNN's tanh and sigmoid are within 1e-6 of the number.
  if (name != "relu")
    for (double& bound : y.bound) bound += 1e-6;
}

double termsOf(const Convolution& conv) {
  return static_cast<double>(count(conv.w.shape) / conv.w.shape.back());
}

int64_t channelsOf(const Convolution& conv, const TensorType& type) {
  return type.shape[static_cast<size_t>(conv.axes.c)];
}

// The channel of each place of an image.
std::vector<size_t> channelOfPlaces(const Dims& shape, int axis) {
  std::vector<size_t> channels;
  reference::forEach(shape, [&](const Dims& index, int64_t) {
    channels.push_back(static_cast<size_t>(index[static_cast<size_t>(axis)]));
  });
  return channels;
}

std::string checkPooled(const Attrs& attrs, const Expected& y, const TensorType& type,
                        const std::vector<Array>& outputs) {
  const Array image{{DType::F32, type.shape}, y.value};
  const Array errors{{DType::F32, type.shape}, y.bound};
  const Attrs pool = pool2x2(attrs);
  const std::vector<Array> best = apply("maxPool", {image}, pool);
  Expected pooled{best[0].data, apply("maxPool", {errors}, pool)[0].data};
  std::string wrong = compare(outputs[0], pooled, 0);
  // Of numbers that are equal but for roundings either may win.
  const Array chosen = apply("maxPoolGather", {image, asFloats(outputs[1])}, pool)[0];
  for (size_t i = 0; i < chosen.data.size() && wrong.empty(); ++i) {
    const double rounding = outputs[0].type.dtype == DType::BF16 ? kBFloat16 * std::abs(best[0].data[i]) : 0;
    if (!(outputs[1].data[i] <= 3) ||
        chosen.data[i] < best[0].data[i] - 2 * (pooled.bound[i] + rounding) - 1e-30)
      wrong = "position " + std::to_string(i) + " of the maxima is " + std::to_string(outputs[1].data[i]);
  }
  return wrong;
}

// Winograd's kernel sums distances up in float32 from one of a channel's n numbers, which may be the farthest
// from the mean: D. The sums then grow linearly to n·D and n·(variance + D²); n roundings of them, by 2⁻²⁴ /
// √3 of what they are then, give a standard deviation of 2⁻²⁴ · n^1.5 / 3 of D and of variance + D². The
// variance takes the square of the first sum off, which errs by twice D times the error of the mean. Four
// standard deviations are allowed.
std::string checkStatistics(const Convolution& conv, const std::vector<Array>& outputs) {
  const Array& y = outputs[0];
  const auto channels = static_cast<size_t>(channelsOf(conv, y.type));
  const auto channel = channelOfPlaces(y.shape(), conv.axes.c);
  const double n = static_cast<double>(y.data.size() / channels), error = 4 * 0x1p-24 * std::sqrt(n) / 3;
  Expected mean{std::vector<double>(channels), std::vector<double>(channels)}, variance = mean;
  for (size_t i = 0; i < y.data.size(); ++i) mean.value[channel[i]] += y.data[i] / n;
  std::vector<double> farthest(channels);
  for (size_t i = 0; i < y.data.size(); ++i) {
    const double distance = std::abs(y.data[i] - mean.value[channel[i]]);
    variance.value[channel[i]] += distance * distance / n;
    farthest[channel[i]] = std::max(farthest[channel[i]], distance);
  }
  for (size_t c = 0; c < channels; ++c) {
    const double square = farthest[c] * farthest[c];
    mean.bound[c] = error * farthest[c] + kFloat * std::abs(mean.value[c]);
    variance.bound[c] = error * (variance.value[c] + 3 * square) + kFloat * variance.value[c];
  }
  const std::string wrong = compare(outputs[1], mean, 1);
  return wrong.empty() ? compare(outputs[2], variance, 2) : wrong;
}

std::string checkForward(const Call& call, const std::vector<Array>& outputs,
                         const std::string& implementation) {
  const Convolution conv(call.spec());
  std::vector<Array> parts;
  for (size_t index : conv.concatIndices) parts.push_back(asFloats(call.inputs[index]));
  const Array x = joined(parts, conv.axes.c), w = asFloats(call.inputs[1]);
  Sum sum = sumOf("conv", {x, w}, call.attrs, termsOf(conv), conv, implementation);
  Expected& y = sum.expected;
  const auto channels = channelOfPlaces(conv.y.shape, conv.axes.c);
  for (size_t i = 0; i < y.value.size(); ++i) {
    if (conv.bias) y.value[i] += call.inputs[2].data[channels[i]];
    if (conv.residual) y.value[i] += call.inputs[conv.residualIndex].data[i];
    y.bound[i] += 2 * kFloat * (1 + std::abs(y.value[i]));
  }
  activate(call.attrs, y);
  if (conv.pooling) {
    std::string wrong = checkPooled(call.attrs, y, conv.y, outputs);
    return wrong.empty() && conv.hasImage ? compare(outputs[2], y, 2) : wrong;
  }
  std::string wrong = compare(outputs[0], y, 0);
  if (wrong.empty() && sum.spreads) wrong = keepsNan(y, outputs[0]);
  return wrong.empty() && conv.statistics &&
                 std::all_of(outputs[0].data.begin(), outputs[0].data.end(),
                             [](double v) { return std::isfinite(v); })
             ? checkStatistics(conv, outputs)
             : wrong;
}

Array gradientOf(const Convolution& conv, const Call& call) {
  Array dy = asFloats(call.inputs[1]);
  if (!conv.pooledGradient) return dy;
  const Array like{{DType::F32, conv.y.shape}, {}};
  return apply("maxPoolBackward", {dy, call.inputs[2], like}, pool2x2(call.attrs))[0];
}

std::string checkBackwardData(const Call& call, const std::vector<Array>& outputs,
                              const std::string& implementation) {
  const Convolution conv(call.spec());
  const double terms = termsOf(conv) / static_cast<double>(inputsOf(conv)) *
                       static_cast<double>(conv.w.shape.back() / conv.groups);
  const Array like{{DType::F32, conv.x.shape}, {}};
  Sum sum = sumOf("convBackwardData", {asFloats(call.inputs[0]), gradientOf(conv, call), like}, call.attrs,
                  terms, conv, implementation);
  if (conv.mask) {
    const std::vector<double>& mask = call.inputs[conv.maskIndex].data;
    for (size_t i = 0; i < mask.size(); ++i)
      if (!(mask[i] > 0)) sum.expected.value[i] = sum.expected.bound[i] = 0;
  }
  std::vector<Array> images = outputs;
  images.resize(conv.concatIndices.size());
  Array dx = joined(asFloats(images), conv.axes.c);
  dx.type.dtype = outputs[0].type.dtype;
  std::string wrong = compare(dx, sum.expected, 0);
  return wrong.empty() && sum.spreads ? keepsNan(sum.expected, dx) : wrong;
}

std::string checkBackwardFilter(const Call& call, const std::vector<Array>& outputs,
                                const std::string& implementation) {
  const Convolution conv(call.spec());
  std::vector<Array> parts;
  for (size_t index : conv.concatIndices) parts.push_back(asFloats(call.inputs[index]));
  const Array dy = gradientOf(conv, call), like{{DType::F32, conv.w.shape}, {}};
  const double terms = static_cast<double>(count(conv.y.shape) / channelsOf(conv, conv.y));
  Sum sum = sumOf("convBackwardFilter", {joined(parts, conv.axes.c), dy, like}, call.attrs, terms, conv,
                  implementation);
  // The zeros around the image may be multiplied by a NaN of dy, or left out.
  if (!std::all_of(dy.data.begin(), dy.data.end(), [](double v) { return std::isfinite(v); }))
    for (size_t i = 0; i < sum.expected.bound.size(); ++i)
      if (!std::isnan(sum.expected.value[i])) sum.expected.bound[i] = kUnbound;
  std::string wrong = compare(outputs[0], sum.expected, 0);
  if (wrong.empty() && sum.spreads) wrong = keepsNan(sum.expected, outputs[0]);
  if (!wrong.empty() || !conv.bias) return wrong;
  std::vector<double> value(outputs[1].data.size()), magnitude(value.size());
  const auto channels = channelOfPlaces(conv.y.shape, conv.axes.c);
  for (size_t i = 0; i < dy.data.size(); ++i) {
    value[channels[i]] += dy.data[i];
    magnitude[channels[i]] += std::abs(dy.data[i]);
  }
  return compare(outputs[1], summed(value, magnitude, terms), 1);
}

}  // namespace

std::vector<Family> convFamilies() {
  return {{{"conv"}, forward, checkForward},
          {{"convBackwardData"}, backwardData, checkBackwardData},
          {{"convBackwardFilter"}, backwardFilter, checkBackwardFilter}};
}

}  // namespace nodegrad::sweep
