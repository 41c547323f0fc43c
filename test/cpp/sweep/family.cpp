#include "sweep/family.h"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "cpu/memory/onednn.h"
#include "cpu/pool/images.h"
#include "graph/op.h"

namespace nodegrad::sweep {

int64_t drawSize(Random& random, int64_t most) {
  static const std::vector<int64_t> edges = {1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 24, 31, 32, 33, 48, 64, 65};
  const int64_t size = random.chance(0.6) ? random.pick(edges) : random.integer(1, most);
  return std::min(size, most);
}

Dims drawShape(Random& random, size_t rank, int64_t mostElements) {
  Dims shape(rank, 1);
  int64_t left = mostElements;
  std::vector<size_t> order(rank);
  for (size_t i = 0; i < rank; ++i) order[i] = i;
  for (size_t i = rank; i > 1; --i)
    std::swap(order[i - 1], order[static_cast<size_t>(random.integer(0, static_cast<int64_t>(i) - 1))]);
  for (size_t axis : order) {
    shape[axis] = drawSize(random, std::max<int64_t>(1, std::min<int64_t>(left, 70)));
    left /= shape[axis];
  }
  return shape;
}

void poison(Random& random, Array& array) {
  if (array.data.empty()) return;
  constexpr double infinity = std::numeric_limits<double>::infinity();
  for (int64_t left = random.integer(1, 3); left > 0; --left)
    array.data[static_cast<size_t>(random.integer(0, static_cast<int64_t>(array.data.size()) - 1))] =
        random.pick(std::vector<double>{std::nan(""), infinity, -infinity});
}

LayoutPtr drawImageLayout(Random& random, const TensorType& type) {
  using onednn::Tag;
  const size_t rank = type.shape.size();
  if (rank < 3 || rank > 5 || random.chance(0.35)) return nullptr;
  const ImageAxes axes = imageAxes(rank, random.chance(0.7));
  if (random.chance(0.3)) {
    const int64_t lanes = random.pick(std::vector<int64_t>{4, 8, 16});
    if (type.shape[0] % lanes == 0) return sampleBlocks(type, axes, lanes);
  }
  const std::vector<int> order = onednn::imageOrder(axes);
  Dims dims;
  for (int axis : order) dims.push_back(type.shape[static_cast<size_t>(axis)]);
  const int64_t block = random.pick(std::vector<int64_t>{16, 16, 8, 8, 4, 0, 1});
  const onednn::Tag tag = block == 0   ? onednn::channelsFirstTag(rank)
                          : block == 1 ? onednn::channelsLastTag(rank)
                                       : onednn::channelBlocksTag(rank, block);
  return onednn::layoutOf(onednn::Desc(dims, onednn::dataType(type.dtype), tag).permute_axes(order));
}

Call regularCall(const std::string& op, std::vector<Array> inputs, const Attrs& attrs) {
  const OpDef& def = findOp(op);
  Call call;
  call.op = op;
  call.attrs = checkAttrs(def, attrs);
  std::vector<TensorType> types;
  for (const Array& input : inputs) types.push_back(input.type);
  call.outputs = def.infer({def.name, types, call.attrs});
  call.inputs = std::move(inputs);
  return call;
}

Array asFloats(const Array& array) {
  return {{array.type.dtype == DType::BF16 ? DType::F32 : array.type.dtype, array.type.shape}, array.data};
}

std::vector<Array> asFloats(const std::vector<Array>& arrays) {
  std::vector<Array> all;
  for (const Array& array : arrays) all.push_back(asFloats(array));
  return all;
}

Array absolute(Array array) {
  for (double& v : array.data) v = std::abs(v);
  return array;
}

Expected exactly(std::vector<double> value) { return nearly(std::move(value), 0, 0); }

Expected nearly(std::vector<double> value, double relative, double absolute) {
  std::vector<double> bound;
  for (double v : value) bound.push_back(std::isfinite(v) ? relative * std::abs(v) + absolute : 0);
  return {std::move(value), std::move(bound)};
}

Expected summed(std::vector<double> value, const std::vector<double>& magnitude, double terms) {
  std::vector<double> bound;
  for (double m : magnitude) bound.push_back((terms + 4) * kFloat * m);
  return {std::move(value), std::move(bound)};
}

std::string compare(const Array& actual, const Expected& expected, size_t output) {
  // Results below the normal numbers may be flushed to zero.
  constexpr double kTiny = 2e-38;
  const bool real = actual.type.dtype == DType::F32 || actual.type.dtype == DType::BF16;
  const double rounding = real ? (actual.type.dtype == DType::F32 ? kFloat : kBFloat16) : 0;
  for (size_t i = 0; i < expected.value.size(); ++i) {
    const double a = actual.data[i], e = expected.value[i], bound = expected.bound[i];
    if (bound == kUnbound || (std::isnan(e) ? std::isnan(a) : a == e)) continue;
    if (std::abs(a - e) <= bound + rounding * (std::abs(e) + bound) + (real ? kTiny : 0) && std::isfinite(e))
      continue;
    std::ostringstream text;
    text.precision(9);
    text << "output " << output << " at " << i << " of " << expected.value.size() << ": expected " << e
         << " within " << bound << ", received " << a;
    return text.str();
  }
  return "";
}

std::string compareAll(const std::vector<Array>& actual, const std::vector<Expected>& expected) {
  for (size_t o = 0; o < actual.size() && o < expected.size(); ++o) {
    const std::string wrong = compare(actual[o], expected[o], o);
    if (!wrong.empty()) return wrong;
  }
  return "";
}

}  // namespace nodegrad::sweep
