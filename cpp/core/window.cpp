#include "core/window.h"

#include <algorithm>

namespace nodegrad {

namespace {

using Pair = std::vector<int64_t>;

// Of any attribute here: products and sums of two of them stay within 64 bits.
constexpr int64_t kLargest = INT32_MAX;

Pair positivePair(const std::string& op, const char* attr, const Pair& given) {
  const auto fits = [](int64_t value) { return value >= 1 && value <= kLargest; };
  if (given.size() != 2 || !fits(given[0]) || !fits(given[1]))
    fail(ErrorCode::Attribute, "[", op, "] expected two whole numbers from 1 to ", kLargest, " for '", attr,
         "', received ", toString(Attr(given)));
  return given;
}

int64_t outputOf(int64_t in, int64_t extent, int64_t stride, const int64_t* pads) {
  return (in + pads[0] + pads[1] - extent) / stride + 1;
}

// Fills in pads and output sizes from kernel, strides and dilations.
void place(const std::string& op, const Attrs& attrs, int64_t height, int64_t width, Window& window) {
  const std::string& padding = attrs.text("padding");
  const bool same = padding == "same";
  if (!same && padding != "valid" && padding != "explicit")
    fail(ErrorCode::Attribute, "[", op, "] expected 'valid', 'same' or 'explicit' for 'padding', received '",
         padding, "'");
  std::fill(window.pads, window.pads + 4, 0);
  if (padding == "explicit") {
    const std::vector<int64_t>& pads = attrs.integers("pads");
    const auto outside = [](int64_t value) { return value < 0 || value > kLargest; };
    if (pads.size() != 4 || std::any_of(pads.begin(), pads.end(), outside))
      fail(ErrorCode::Attribute, "[", op, "] expected four whole numbers from 0 to ", kLargest,
           " (top, bottom, left, right) for 'pads', received ", toString(Attr(pads)));
    std::copy(pads.begin(), pads.end(), window.pads);
  }
  const int64_t in[2] = {height, width};
  int64_t out[2];
  for (int axis = 0; axis < 2; ++axis) {
    int64_t* pads = window.pads + 2 * axis;
    if (in[axis] == kDynamic || window.kernel[axis] == kDynamic) {
      out[axis] = kDynamic;
      continue;
    }
    const int64_t stride = window.strides[axis];
    if (same) {
      out[axis] = (in[axis] + stride - 1) / stride;
      const int64_t total = std::max<int64_t>((out[axis] - 1) * stride + window.extent(axis) - in[axis], 0);
      pads[0] = total / 2;
      pads[1] = total - pads[0];
      continue;
    }
    if (window.extent(axis) > in[axis] + pads[0] + pads[1])
      fail(ErrorCode::Shape, "[", op,
           "] expected a kernel no larger than its padded input, received a kernel of ", window.kernel[0],
           " x ", window.kernel[1], " with dilations ", window.dilations[0], " x ", window.dilations[1],
           " and an input of ", toString(Dims{height, width}), " with pads ",
           toString(Dims(window.pads, window.pads + 4)), "; use padding 'same' or a smaller kernel");
    out[axis] = outputOf(in[axis], window.extent(axis), stride, pads);
  }
  window.outH = out[0];
  window.outW = out[1];
}

}  // namespace

ImageAxes imageAxes(const std::string& op, const Attrs& attrs) {
  const std::string& format = attrs.text("dataFormat");
  if (format == "channelsLast") return {0, 1, 2, 3};
  if (format == "channelsFirst") return {0, 2, 3, 1};
  fail(ErrorCode::Attribute, "[", op,
       "] expected 'channelsLast' or 'channelsFirst' for 'dataFormat', received '", format, "'");
}

Window convWindow(const std::string& op, const Attrs& attrs, int64_t height, int64_t width,
                  int64_t kernelHeight, int64_t kernelWidth) {
  const Pair strides = positivePair(op, "strides", attrs.integers("strides"));
  const Pair dilations = positivePair(op, "dilations", attrs.integers("dilations"));
  Window window{
      {kernelHeight, kernelWidth}, {strides[0], strides[1]}, {dilations[0], dilations[1]}, {}, 0, 0};
  place(op, attrs, height, width, window);
  return window;
}

Window poolWindow(const std::string& op, const Attrs& attrs, int64_t height, int64_t width) {
  const Pair pool = positivePair(op, "poolSize", attrs.integers("poolSize"));
  const Pair& given = attrs.integers("strides");
  const Pair strides = given.empty() ? pool : positivePair(op, "strides", given);
  Window window{{pool[0], pool[1]}, {strides[0], strides[1]}, {1, 1}, {}, 0, 0};
  place(op, attrs, height, width, window);
  if (attrs.text("padding") == "explicit")
    for (int i = 0; i < 4; ++i)
      if (window.pads[i] >= pool[static_cast<size_t>(i / 2)])
        fail(ErrorCode::Attribute, "[", op, "] expected 'pads' smaller than 'poolSize' ",
             toString(Attr(pool)), ", so that no window lies in the padding alone, received ",
             toString(attrs.integers("pads")));
  return window;
}

Attrs upsamplingPool(const std::string& op, const Attrs& attrs) {
  const Pair size = positivePair(op, "size", attrs.integers("size"));
  return {{"poolSize", size},
          {"strides", size},
          {"padding", std::string("valid")},
          {"pads", Pair{0, 0, 0, 0}},
          {"dataFormat", attrs.text("dataFormat")},
          {"divide", false}};
}

TransposedWindow transposedWindow(const std::string& op, const Attrs& attrs, int64_t height, int64_t width,
                                  int64_t kernelHeight, int64_t kernelWidth) {
  const Pair strides = positivePair(op, "strides", attrs.integers("strides"));
  const Pair dilations = positivePair(op, "dilations", attrs.integers("dilations"));
  const Pair& extra = attrs.integers("outputPadding");
  const std::string& padding = attrs.text("padding");
  const bool same = padding == "same";
  if (!same && padding != "valid")
    fail(ErrorCode::Attribute, "[", op, "] expected 'valid' or 'same' for 'padding', received '", padding,
         "'");
  const auto fits = [&](size_t axis) { return extra[axis] >= 0 && extra[axis] < strides[axis]; };
  if (!extra.empty() && !(extra.size() == 2 && fits(0) && fits(1)))
    fail(ErrorCode::Attribute, "[", op,
         "] expected two whole numbers from 0 up to, not including, the strides ", toString(Attr(strides)),
         " for 'outputPadding', received ", toString(Attr(extra)));
  const int64_t in[2] = {height, width}, kernel[2] = {kernelHeight, kernelWidth};
  int64_t out[2];
  Pair pads(4, 0);
  const bool placed = same && !extra.empty();
  for (size_t axis = 0; axis < 2; ++axis) {
    out[axis] = kDynamic;
    if (kernel[axis] == kDynamic && placed)
      fail(ErrorCode::Shape, "[", op, "] expected a kernel of known size with 'outputPadding', received ",
           toString(Dims{kernelHeight, kernelWidth}));
    if (kernel[axis] == kDynamic && !same) continue;
    const int64_t extent = (kernel[axis] - 1) * dilations[axis] + 1, stride = strides[axis];
    const int64_t least = (in[axis] - 1) * stride;
    int64_t size = same ? in[axis] * stride : least + std::max(extent, stride);
    if (!same && !extra.empty()) size = least + extent + extra[axis];
    if (placed) {
      // Keras's rule: of the rows that the kernel's reach adds on both sides, the larger half in front.
      const int64_t rows = extent + extent % 2 - 2 + extra[axis];
      const int64_t front = std::min(rows - rows / 2, extent - 1);
      pads[2 * axis] = extent - 1 - front;
      pads[2 * axis + 1] = std::max<int64_t>(extent - 1 - (rows - front), 0);
      size = least + extent % 2 + extra[axis];
    }
    if (in[axis] != kDynamic) out[axis] = std::max<int64_t>(size, 0);
  }
  // Without pads of their own, a convolution of the same padding leads from the output's size to the input's.
  return {out[0],
          out[1],
          {{"strides", strides},
           {"dilations", dilations},
           {"padding", placed ? std::string("explicit") : padding},
           {"pads", pads},
           {"groups", int64_t{1}},
           {"dataFormat", attrs.text("dataFormat")}}};
}

}  // namespace nodegrad
