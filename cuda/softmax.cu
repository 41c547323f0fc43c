#include <cmath>

#include "device/team.h"
#include "index_check.h"
#include "kernel_table.h"

namespace nodegrad::cuda {

namespace {

// A tensor as rows of n numbers that are `inner` apart.
struct Rows {
  int64_t rows, n, inner;

  __device__ int64_t firstOf(int64_t row) const { return row / inner * n * inner + row % inner; }
};

// A row's largest number, and the sum of e^(number - largest).
struct RowSums {
  float largest;
  double sum;
};
__device__ inline RowSums sumRow(const Rows& v, const TeamSize& team, const Member& member, const float* x,
                                 bool inside) {
  double* shared = sharedMemory<double>();
  float own = -INFINITY;
  for (int64_t i = member.part; inside && i < v.n; i += team.height) own = Largest::of(own, x[i * v.inner]);
  const float largest = combine<Largest>(team, member, own, reinterpret_cast<float*>(shared));
  double sum = 0;
  for (int64_t i = member.part; inside && i < v.n; i += team.height) sum += expf(x[i * v.inner] - largest);
  return {largest, combine<Add>(team, member, sum, shared)};
}

template <bool logarithm>
__global__ void softmaxRows(Rows v, TeamSize team, const float* x, float* y, const Refusal* refusal) {
  if (isRefused(refusal)) return;
  const Member member(team);
  const int64_t width = team.width;
  for (int64_t item = blockIdx.x; item * width < v.rows; item += gridDim.x) {
    const int64_t row = item * width + member.result;
    const bool inside = row < v.rows;
    const int64_t first = inside ? v.firstOf(row) : 0;
    const RowSums row_ = sumRow(v, team, member, x + first, inside);
    const float last = logarithm ? logf(static_cast<float>(row_.sum)) : 1.0f / static_cast<float>(row_.sum);
    for (int64_t i = member.part; inside && i < v.n; i += team.height) {
      // First the difference, which is exact for neighbours, then the small one.
      const int64_t at = first + i * v.inner;
      const float difference = x[at] - row_.largest;
      y[at] = logarithm ? difference - last : expf(difference) * last;
    }
  }
}

class SoftmaxKernel : public OwnKernel {
 public:
  SoftmaxKernel(const KernelSpec& spec, const QueuePtr& queue) : OwnKernel(queue) {
    const Dims& shape = spec.inputs[0].shape;
    const auto axis = static_cast<size_t>(normalizeAxis(spec.op, spec.attrs.integer("axis"), shape.size()));
    view_.n = shape[axis];
    view_.inner = count(Dims(shape.begin() + static_cast<std::ptrdiff_t>(axis) + 1, shape.end()));
    view_.rows = view_.n == 0 ? 0 : count(shape) / view_.n;
    team_ = teamFor(view_.n, view_.inner > 1, view_.inner);
    kernel_ = spec.op == "softmax" ? softmaxRows<false> : softmaxRows<true>;
  }

  void run(const void* const* inputs, void* const* outputs, void*) override {
    if (view_.rows == 0) return;
    const LaunchSize size = launchOf(team_, view_.rows, sizeof(double));
    launch(stream(), size, kernel_, view_, team_, static_cast<const float*>(inputs[0]),
           static_cast<float*>(outputs[0]), queue_->refusal());
  }

 private:
  Rows view_;
  TeamSize team_;
  decltype(&softmaxRows<false>) kernel_;
};

__global__ void denseLosses(Rows v, TeamSize team, const float* x, const float* labels, float* loss) {
  const Member member(team);
  const int64_t width = team.width;
  for (int64_t item = blockIdx.x; item * width < v.rows; item += gridDim.x) {
    const int64_t row = item * width + member.result;
    const bool inside = row < v.rows;
    const int64_t first = inside ? row * v.n : 0;
    const RowSums sums = sumRow(v, team, member, x + first, inside);
    const float log = logf(static_cast<float>(sums.sum));
    double own = 0;
    for (int64_t i = member.part; inside && i < v.n; i += team.height) {
      // A class of probability 0 that is not expected costs nothing.
      const float label = labels[first + i];
      if (label != 0.0f) own += label * (log - (x[first + i] - sums.largest));
    }
    own = combine<Add>(team, member, own, sharedMemory<double>());
    if (inside && member.part == 0) loss[row] = static_cast<float>(own);
  }
}

__global__ void sparseLosses(Rows v, TeamSize team, const float* x, CheckedIndices labels, float* loss) {
  labels.report();
  const Member member(team);
  const int64_t width = team.width;
  for (int64_t item = blockIdx.x; item * width < v.rows; item += gridDim.x) {
    const int64_t row = item * width + member.result;
    const bool inside = row < v.rows;
    const int64_t first = inside ? row * v.n : 0;
    const RowSums sums = sumRow(v, team, member, x + first, inside);
    if (!inside || member.part != 0) continue;
    const int64_t label = labels.at(row);
    const float expected = labels.inside(label) ? x[first + label] : 0.0f;
    loss[row] = logf(static_cast<float>(sums.sum)) - (expected - sums.largest);
  }
}

// Losses from logits over the last axis, with a distribution or a class as the label.
class CrossEntropyKernel : public OwnKernel {
 public:
  CrossEntropyKernel(const KernelSpec& spec, const QueuePtr& queue)
      : OwnKernel(queue),
        sparse_(spec.op == "sparseSoftmaxCrossEntropy"),
        labels_(spec.inputs[1]),
        view_{count(spec.outputs[0].shape), spec.inputs[0].shape.back(), 1},
        team_(teamFor(view_.n, false, 1)) {}

  size_t scratchBytes() const override { return sparse_ ? kIndexCheckBytes : 0; }

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    if (view_.rows == 0) return;
    const LaunchSize size = launchOf(team_, view_.rows, sizeof(double));
    const auto* x = static_cast<const float*>(inputs[0]);
    auto* loss = static_cast<float*>(outputs[0]);
    if (sparse_)
      launch(stream(), size, sparseLosses, view_, team_, x,
             checkIndices(*queue_, Refuser::Labels, labels_, inputs[1], view_.n, scratch), loss);
    else
      launch(stream(), size, denseLosses, view_, team_, x, static_cast<const float*>(inputs[1]), loss);
  }

 private:
  bool sparse_;
  Indices labels_;
  Rows view_;
  TeamSize team_;
};

bool anyInPlace(const KernelSpec&, size_t, size_t) { return true; }

}  // namespace

void addSoftmax(KernelTable& table) {
  for (const char* name : {"softmax", "logSoftmax"}) table[name] = {makeKernel<SoftmaxKernel>, anyInPlace};
  for (const char* name : {"softmaxCrossEntropy", "sparseSoftmaxCrossEntropy"})
    table[name] = {makeKernel<CrossEntropyKernel>};
}

}  // namespace nodegrad::cuda
