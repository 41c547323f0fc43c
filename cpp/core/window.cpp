#include "core/window.h"

#include <algorithm>

namespace nodegrad {

namespace {

// Of any attribute here: products and sums of two of them stay within 64 bits.
constexpr int64_t kLargest = INT32_MAX;

// How many numbers a message expects.
const char* numbers(size_t count) {
  static const char* const words[] = {"no", "one", "two", "three", "four", "five", "six"};
  return words[count];
}

// One positive number for each of so many axes.
Dims positives(const std::string& op, const char* attr, const Dims& given, size_t spatial) {
  const auto fits = [](int64_t value) { return value >= 1 && value <= kLargest; };
  if (given.size() != spatial || !std::all_of(given.begin(), given.end(), fits))
    fail(ErrorCode::Attribute, "[", op, "] expected ", numbers(spatial), " whole number",
         spatial == 1 ? "" : "s", " from 1 to ", kLargest, " for '", attr, "', received ",
         toString(Attr(given)));
  return given;
}

Dims positivesOr(const std::string& op, const char* attr, const Attrs& attrs, const Dims& fallback) {
  const Dims& given = attrs.integers(attr);
  return given.empty() ? fallback : positives(op, attr, given, fallback.size());
}

Dims kernelExtents(const Dims& kernel, const Dims& dilations) {
  Dims extents;
  for (size_t axis = 0; axis < kernel.size(); ++axis)
    extents.push_back((kernel[axis] - 1) * dilations[axis] + 1);
  return extents;
}

std::string joined(const int64_t* values, int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += (i == 0 ? "" : " x ") + std::to_string(values[i]);
  return text;
}

// Fills in pads and output sizes from kernel, strides and dilations.
void resolvePadding(const std::string& op, const Attrs& attrs, const Dims& image, Window& window) {
  const std::string& padding = attrs.text("padding");
  const bool same = padding == "same";
  if (!same && padding != "valid" && padding != "explicit")
    fail(ErrorCode::Attribute, "[", op, "] expected 'valid', 'same' or 'explicit' for 'padding', received '",
         padding, "'");
  if (padding == "explicit") {
    const Dims& pads = attrs.integers("pads");
    static const char* const sides[] = {"left, right", "top, bottom, left, right",
                                        "front, back, top, bottom, left, right"};
    const auto outside = [](int64_t value) { return value < 0 || value > kLargest; };
    if (pads.size() != 2 * image.size() || std::any_of(pads.begin(), pads.end(), outside))
      fail(ErrorCode::Attribute, "[", op, "] expected ", numbers(2 * image.size()),
           " whole numbers from 0 to ", kLargest, " (", sides[image.size() - 1], ") for 'pads', received ",
           toString(Attr(pads)));
    std::copy(pads.begin(), pads.end(), window.pads);
  }
  for (int axis = 0; axis < window.spatial; ++axis) {
    const int64_t in = image[static_cast<size_t>(axis)];
    int64_t* pads = window.pads + 2 * axis;
    int64_t& out = window.out[axis];
    if (in == kDynamic || window.kernel[axis] == kDynamic) {
      out = kDynamic;
      continue;
    }
    const int64_t stride = window.strides[axis], extent = window.extent(axis);
    if (same) {
      out = (in + stride - 1) / stride;
      const int64_t total = std::max<int64_t>((out - 1) * stride + extent - in, 0);
      pads[0] = total / 2;
      pads[1] = total - pads[0];
      continue;
    }
    if (extent > in + pads[0] + pads[1])
      fail(ErrorCode::Shape, "[", op,
           "] expected a kernel no larger than its padded input, received a kernel of ",
           joined(window.kernel, window.spatial), " with dilations ",
           joined(window.dilations, window.spatial), " and an input of ", toString(image), " with pads ",
           toString(Dims(window.pads, window.pads + 2 * window.spatial)),
           "; use padding 'same' or a smaller kernel");
    out = (in + pads[0] + pads[1] - extent) / stride + 1;
  }
}

Window windowOf(const std::string& op, const Attrs& attrs, const Dims& image, const Dims& kernel,
                const Dims& strides, const Dims& dilations) {
  Window window{static_cast<int>(image.size())};
  std::copy(kernel.begin(), kernel.end(), window.kernel);
  std::copy(strides.begin(), strides.end(), window.strides);
  std::copy(dilations.begin(), dilations.end(), window.dilations);
  resolvePadding(op, attrs, image, window);
  return window;
}

}  // namespace

ImageAxes imageAxes(size_t rank, bool channelsLast) {
  const int spatial = static_cast<int>(rank) - 2;
  return channelsLast ? ImageAxes{0, spatial + 1, 1, spatial} : ImageAxes{0, 1, 2, spatial};
}

ImageAxes imageAxes(const std::string& op, const Attrs& attrs, size_t rank) {
  const std::string& format = attrs.text("dataFormat");
  if (format != "channelsLast" && format != "channelsFirst")
    fail(ErrorCode::Attribute, "[", op,
         "] expected 'channelsLast' or 'channelsFirst' for 'dataFormat', received '", format, "'");
  return imageAxes(rank, format == "channelsLast");
}

Window convWindow(const std::string& op, const Attrs& attrs, const Dims& image, const Dims& kernel) {
  const Dims ones(image.size(), 1);
  return windowOf(op, attrs, image, kernel, positivesOr(op, "strides", attrs, ones),
                  positivesOr(op, "dilations", attrs, ones));
}

Window poolWindow(const std::string& op, const Attrs& attrs, const Dims& image) {
  const Dims pool = positives(op, "poolSize", attrs.integers("poolSize"), image.size());
  const Window window =
      windowOf(op, attrs, image, pool, positivesOr(op, "strides", attrs, pool), Dims(image.size(), 1));
  if (attrs.text("padding") == "explicit")
    for (int i = 0; i < 2 * window.spatial; ++i)
      if (window.pads[i] >= window.kernel[i / 2])
        fail(ErrorCode::Attribute, "[", op, "] expected 'pads' smaller than 'poolSize' ",
             toString(Attr(pool)), ", so that no window is in the padding alone, received ",
             toString(attrs.integers("pads")));
  return window;
}

Attrs upsamplingPool(const std::string& op, const Attrs& attrs, int spatial) {
  const Dims size = positives(op, "size", attrs.integers("size"), static_cast<size_t>(spatial));
  return {{"poolSize", size},
          {"strides", size},
          {"padding", std::string("valid")},
          {"pads", Dims{}},
          {"dataFormat", attrs.text("dataFormat")},
          {"divide", false}};
}

TransposedWindow transposedWindow(const std::string& op, const Attrs& attrs, const Dims& image,
                                  const Dims& kernel) {
  const Dims ones(image.size(), 1);
  const Dims strides = positivesOr(op, "strides", attrs, ones);
  const Dims dilations = positivesOr(op, "dilations", attrs, ones);
  const Dims& extra = attrs.integers("outputPadding");
  const std::string& padding = attrs.text("padding");
  const bool same = padding == "same";
  if (!same && padding != "valid")
    fail(ErrorCode::Attribute, "[", op, "] expected 'valid' or 'same' for 'padding', received '", padding,
         "'");
  bool fits = extra.empty() || extra.size() == image.size();
  for (size_t axis = 0; fits && axis < extra.size(); ++axis)
    fits = extra[axis] >= 0 && extra[axis] < strides[axis];
  if (!fits)
    fail(ErrorCode::Attribute, "[", op, "] expected ", numbers(image.size()), " whole number",
         image.size() == 1 ? "" : "s", " from 0 up to, not including, the strides ", toString(Attr(strides)),
         " for 'outputPadding', received ", toString(Attr(extra)));
  const Dims extents = kernelExtents(kernel, dilations);
  const bool explicitPads = same && !extra.empty();
  TransposedWindow window{};
  Dims pads(2 * image.size(), 0);
  for (size_t axis = 0; axis < image.size(); ++axis) {
    window.out[axis] = kDynamic;
    if (kernel[axis] == kDynamic && explicitPads)
      fail(ErrorCode::Shape, "[", op, "] expected a kernel of known size with 'outputPadding', received ",
           toString(kernel));
    if (kernel[axis] == kDynamic && !same) continue;
    const int64_t extent = extents[axis], stride = strides[axis];
    const int64_t least = (image[axis] - 1) * stride;
    int64_t size = same ? image[axis] * stride : least + std::max(extent, stride);
    if (!same && !extra.empty()) size = least + extent + extra[axis];
    if (explicitPads) {
      // Keras's rule: of the rows that the kernel's reach adds on both sides, the larger half in front.
      const int64_t rows = extent + extent % 2 - 2 + extra[axis];
      const int64_t front = std::min(rows - rows / 2, extent - 1);
      pads[2 * axis] = extent - 1 - front;
      pads[2 * axis + 1] = std::max<int64_t>(extent - 1 - (rows - front), 0);
      size = least + extent % 2 + extra[axis];
    }
    if (image[axis] != kDynamic) window.out[axis] = std::max<int64_t>(size, 0);
  }
  // Without pads of their own, a convolution of the same padding leads from the output's size to the input's.
  window.conv = {{"strides", strides},
                 {"dilations", dilations},
                 {"padding", explicitPads ? std::string("explicit") : padding},
                 {"pads", pads},
                 {"groups", int64_t{1}},
                 {"dataFormat", attrs.text("dataFormat")}};
  return window;
}

Attrs transposedConv(const std::string& op, const Attrs& attrs, const Dims& kernel) {
  return transposedWindow(op, attrs, Dims(kernel.size(), kDynamic), kernel).conv;
}

}  // namespace nodegrad
