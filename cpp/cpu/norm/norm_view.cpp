#include "cpu/norm/norm_view.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/align.h"
#include "cpu/isa.h"
#include "cpu/kernel_table.h"
#include "cpu/memory/cpu_layout.h"
#include "cpu/norm/kernels.h"
#include "cpu/pool/images.h"

namespace nodegrad {

namespace {

constexpr int64_t kPieceElements = 1 << 13;
constexpr int64_t kPartElements = 1 << 17;
constexpr int64_t kEnoughItems = 32;  // that keep any team busy

// The channels' block where a layout is blocked in them alone, images outermost; else 0.
int64_t blockAlong(const TensorType& type, const LayoutPtr& layout, size_t axis) {
  const Geometry g = geometry(type, layout);
  if (axis == 0 || g.blocks.size() != 1 || g.blocks[0].first != static_cast<int>(axis)) return 0;
  const int64_t block = g.blocks[0].second;
  Geometry expected{type.shape, type.shape, Dims(type.shape.size()), g.blocks, 0};
  expected.padded[axis] = roundUp(type.shape[axis], block);
  int64_t stride = block;
  for (size_t d = type.shape.size(); d-- > 1;) {
    if (d == axis) continue;
    expected.strides[d] = stride;
    stride *= type.shape[d];
  }
  expected.strides[axis] = stride;
  expected.strides[0] = stride * (expected.padded[axis] / block);
  expected.elements = expected.strides[0] * type.shape[0];
  return sameGeometry(g, expected) ? block : 0;
}

// The size of the blocks of samples that images are stored in; 0 for other layouts.
int64_t sampleBlock(const TensorType& type, const LayoutPtr& layout, int64_t axis) {
  const size_t rank = type.shape.size();
  const bool last = axis + 1 == static_cast<int64_t>(rank);
  if (rank < 3 || rank > 5 || (axis != 1 && !last)) return 0;
  const Blocks blocks = blocksOf(type, layout, imageAxes(rank, last));
  return blocks.of == Blocks::Samples ? blocks.size : 0;
}

}  // namespace

PrecisionChoice normPrecisions(const KernelSpec& spec) {
  PrecisionChoice choice = anyPrecisionOneDtype(spec);
  const auto fix = [](const std::vector<TensorType>& types, std::vector<Precision>& chosen) {
    for (size_t i = 0; i < types.size(); ++i)
      if (types[i].shape.size() == 1) chosen[i] = Precision::Float32;
  };
  fix(spec.inputs, choice.inputs);
  fix(spec.outputs, choice.outputs);
  return choice;
}

std::optional<NormView> NormView::of(const TensorType& type, const LayoutPtr& layout, int64_t axis) {
  const Dims& shape = type.shape;
  const auto a = static_cast<size_t>(axis);
  const int64_t before = count(Dims(shape.begin(), shape.begin() + axis)),
                after = count(Dims(shape.begin() + axis + 1, shape.end()));
  NormView view;
  view.channels = shape[a];
  if (const int64_t samples = sampleBlock(type, layout, axis)) {
    view.groups = shape[a];
    view.images = shape[0] / samples;
    view.run = count(shape) / (view.groups * view.images);
  } else if (layout) {
    const int64_t block = blockAlong(type, layout, a);
    if (block == 0) return std::nullopt;
    view.width = block;
    view.groups = (shape[a] + block - 1) / block;
    view.images = shape[0];
    view.run = block * (shape[0] ? before / shape[0] : 0) * after;
  } else if (a + 1 == shape.size()) {
    view.width = shape[a];
    view.run = before * shape[a];
  } else {
    view.groups = shape[a];
    view.images = before;
    view.run = after;
  }
  const int64_t period = isaKernels().norm.floats->period;
  view.period = std::lcm(std::max<int64_t>(view.width, 1), period);
  view.piece_ = std::max(view.period, kPieceElements / view.period * view.period);
  const int64_t pieces = view.images * view.pieces();
  view.parts_ = std::clamp<int64_t>(view.images * view.run / kPartElements, 1,
                                    std::max<int64_t>(1, kEnoughItems / std::max<int64_t>(1, view.groups)));
  view.parts_ = std::clamp<int64_t>(pieces, 1, view.parts_);
  return view;
}

template <class Body>
void NormColumnArrays::broadcast(int64_t array, const Body& body) {
  for (int64_t g = 0; g < view_.groups; ++g) {
    float* to = at(array, g);
    for (int64_t c = 0; c < view_.width; ++c) {
      const int64_t channel = view_.channelOf(g, c);
      to[c] = channel < view_.channels ? static_cast<float>(body(channel)) : 0.0f;
    }
    for (int64_t c = view_.width; c < view_.period; ++c) to[c] = to[c - view_.width];
  }
}

void NormColumnArrays::normalization(const float* gamma, const float* beta, const float* mean,
                                     const float* variance, double epsilon) {
  broadcast(0, [&](int64_t c) { return mean[c]; });
  broadcast(1, [&](int64_t c) { return gamma[c] / std::sqrt(variance[c] + epsilon); });
  broadcast(2, [&](int64_t c) { return beta ? beta[c] : 0.0f; });
}

void NormColumnArrays::gradient(const double* sum, const double* product, const float* variance,
                                double epsilon) {
  const auto n = static_cast<double>(view_.perChannel());
  const float* scale = at(1, 0);
  const auto scaleOf = [&](int64_t c) {
    return static_cast<double>(scale[c / view_.width * view_.period + c % view_.width]);
  };
  broadcast(3, [&](int64_t c) { return scaleOf(c) * sum[c] / n; });
  broadcast(4, [&](int64_t c) { return scaleOf(c) * product[c] / (n * (variance[c] + epsilon)); });
}

size_t NormSums::bytes() const {
  return static_cast<size_t>(2 * accumulators()) * sizeof(double) +
         static_cast<size_t>(2 * view_.period * threads_) * sizeof(float);
}

void NormSums::gather(const double* sums, const double* products) {
  sum_.assign(static_cast<size_t>(view_.channels), 0);
  product_.assign(static_cast<size_t>(view_.channels), 0);
  for (int64_t first = 0; first < accumulators(); first += view_.width) {
    const int64_t channel = view_.channelOf(first / (view_.parts() * view_.period), 0);
    for (int64_t c = 0; c < std::min(view_.width, view_.channels - channel); ++c) {
      sum_[static_cast<size_t>(channel + c)] += sums[first + c];
      product_[static_cast<size_t>(channel + c)] += products[first + c];
    }
  }
}

void NormSums::write(const float* variance, double epsilon, float* dgamma, float* dbeta) const {
  for (size_t c = 0; c < sum_.size(); ++c) {
    dgamma[c] = static_cast<float>(product_[c] / std::sqrt(variance[c] + epsilon));
    dbeta[c] = static_cast<float>(sum_[c]);
  }
}

}  // namespace nodegrad
