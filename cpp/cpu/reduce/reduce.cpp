#include <algorithm>
#include <cstring>

#include "cpu/kernel_table.h"
#include "cpu/memory/strided_runs.h"
#include "cpu/own_kernel.h"
#include "cpu/reduce/kernels.h"

namespace nodegrad {
namespace {

constexpr int64_t kLeastThreadElements = 1 << 14;
constexpr int64_t kPiece = 512;      // columns, or the least that a thread gets of one sum
constexpr int64_t kRowPiece = 8192;  // elements of a row
constexpr int64_t kPartElements = 1 << 15;
constexpr int64_t kEnoughItems = 64;  // that keep any team busy

std::vector<bool> reducedAxes(const KernelSpec& spec) {
  const Dims& shape = spec.inputs[0].shape;
  const Dims& axes = spec.attrs.integers("axes");
  std::vector<bool> reduced(shape.size(), axes.empty());
  for (int64_t axis : axes) reduced[normalizeAxis(spec.op, axis, shape.size())] = true;
  return reduced;
}

// Dimensions that are gone through together: how far a step along each leads in the input's and in the
// output's memory.
struct Loop {
  Dims sizes, in, out;

  void add(int64_t size, int64_t inStride, int64_t outStride) {
    if (size == 1) return;
    if (!sizes.empty() && in.back() == inStride * size && out.back() == outStride * size) {
      sizes.back() *= size;
      in.back() = inStride;
      out.back() = outStride;
      return;
    }
    sizes.push_back(size);
    in.push_back(inStride);
    out.push_back(outStride);
  }
  int64_t count() const {
    int64_t n = 1;
    for (int64_t size : sizes) n *= size;
    return n;
  }
  // The offsets of the index-th element.
  std::pair<int64_t, int64_t> at(int64_t index) const {
    int64_t from = 0, to = 0;
    for (size_t d = sizes.size(); d-- > 0;) {
      from += index % sizes[d] * in[d];
      to += index % sizes[d] * out[d];
      index /= sizes[d];
    }
    return {from, to};
  }
};

// sum, mean, prod, max, min over any axes. Work is cut into items that depend on the shape alone: groups of
// outputs and, where these are few, parts of what each sums. Each item has its accumulators, which are
// then put together in order.
class ReduceKernel : public OwnKernel {
 public:
  explicit ReduceKernel(const KernelSpec& spec) : isBfloat16_(spec.inputs[0].dtype == DType::BF16) {
    for (size_t i = 0; i < isa_.reduce->count; ++i) {
      if (spec.op == isa_.reduce->rows[i].op) row_ = &isa_.reduce->rows[i];
    }
    const Geometry g = geometry(spec.inputs[0], spec.inputLayouts[0]);
    const auto order = memoryOrder(g);
    if (!row_ || !order) fail(ErrorCode::Device, "[", spec.op, "] cannot run in this layout");
    const std::vector<bool> reduced = reducedAxes(spec);
    // Row-major strides of the output along the input's axes.
    Dims outStrides(g.shape.size(), 0);
    int64_t stride = 1;
    for (size_t d = g.shape.size(); d-- > 0;) {
      if (reduced[d]) continue;
      outStrides[d] = stride;
      stride *= g.shape[d];
    }
    outputs_ = stride;
    elements_ = count(g.shape);
    if (spec.op == "mean") scale_ = static_cast<double>(outputs_) / static_cast<double>(elements_);
    if (elements_ == 0) return;

    int64_t inStride = g.elements;
    for (const MemoryDim& dim : *order) {
      inStride /= dim.size;
      (reduced[dim.dim] ? sums_ : kept_).add(dim.size, inStride, outStrides[dim.dim] * dim.scale);
    }
    takeInner();
    width_ = inner_.reduced ? 1 : std::min(kPiece, inner_.size);
    pieces_ = inner_.reduced ? 1 : (inner_.size + kPiece - 1) / kPiece;
    const int64_t rowPieces = inner_.reduced ? (inner_.size + kRowPiece - 1) / kRowPiece : 1;
    rows_ = sums_.count() * rowPieces;
    groups_ = kept_.count() * pieces_;
    const int64_t rowElements = inner_.reduced ? std::min(kRowPiece, inner_.size) : width_;
    parts_ = std::clamp<int64_t>(rows_ * rowElements / kPartElements, 1,
                                 std::max<int64_t>(1, kEnoughItems / groups_));
    grain_ = std::max<int64_t>(1, kLeastThreadElements / std::max<int64_t>(1, rows_ / parts_ * rowElements));
  }

  size_t scratchBytes() const override {
    return static_cast<size_t>(parts_ > 1 ? groups_ * parts_ : threads_) * width_ * sizeof(double);
  }
  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    if (isBfloat16_) {
      reduce(row_->bfloat16, static_cast<const uint16_t*>(inputs[0]), outputs, scratch);
    } else {
      reduce(row_->floats, static_cast<const float*>(inputs[0]), outputs, scratch);
    }
  }

 private:
  // The innermost dimension of memory.
  struct Inner {
    bool reduced = false;
    int64_t size = 1, out = 0;
  };

  template <class T>
  void reduce(const ReduceLoops<T>& loops, const T* x, void* const* outputs, void* scratch) const {
    auto* y = static_cast<float*>(outputs[0]);
    auto* totals = static_cast<double*>(scratch);
    if (elements_ == 0) {
      std::fill_n(y, outputs_, static_cast<float>(row_->start));
      return;
    }
    parallelFor(threads_, groups_ * parts_, grain_, [&](int64_t begin, int64_t end, int thread) {
      for (int64_t item = begin; item < end; ++item) {
        double* own = totals + (parts_ > 1 ? item : thread) * width_;
        accumulate(loops, own, x, item / parts_, rows_ * (item % parts_) / parts_,
                   rows_ * (item % parts_ + 1) / parts_);
        if (parts_ == 1) write(y, own, item);
      }
    });
    if (parts_ == 1) return;
    for (int64_t group = 0; group < groups_; ++group) {
      double* first = totals + group * parts_ * width_;
      for (int64_t part = 1; part < parts_; ++part)
        row_->combine(first, first + part * width_, widthOf(group));
      write(y, first, group);
    }
  }

  void takeInner() {
    for (Loop* loop : {&sums_, &kept_}) {
      if (loop->sizes.empty() || loop->in.back() != 1) continue;
      inner_ = {loop == &sums_, loop->sizes.back(), loop->out.back()};
      loop->sizes.pop_back();
      loop->in.pop_back();
      loop->out.pop_back();
      return;
    }
  }

  int64_t widthOf(int64_t group) const {
    return inner_.reduced ? 1 : std::min(kPiece, inner_.size - group % pieces_ * kPiece);
  }

  template <class T>
  void accumulate(const ReduceLoops<T>& loops, double* totals, const T* x, int64_t group, int64_t begin,
                  int64_t end) const {
    x += kept_.at(group / pieces_).first;
    std::fill_n(totals, width_, row_->start);
    if (inner_.reduced) {
      const int64_t rowPieces = rows_ / sums_.count();
      for (int64_t r = begin; r < end; ++r) {
        const int64_t at = r % rowPieces * kRowPiece;
        loops.row(totals, x + sums_.at(r / rowPieces).first + at, std::min(kRowPiece, inner_.size - at));
      }
      return;
    }
    x += group % pieces_ * kPiece;
    // Rows at even distances in one call.
    const int64_t run = sums_.sizes.empty() ? 1 : sums_.sizes.back(),
                  stride = sums_.sizes.empty() ? inner_.size : sums_.in.back();
    for (int64_t r = begin; r < end;) {
      const int64_t n = std::min(end - r, run - r % run);
      loops.columns(totals, x + sums_.at(r).first, n, stride, widthOf(group));
      r += n;
    }
  }

  void write(float* y, const double* totals, int64_t group) const {
    y += kept_.at(group / pieces_).second + group % pieces_ * kPiece * inner_.out;
    const int64_t n = widthOf(group);
    for (int64_t i = 0; i < n; ++i) y[i * inner_.out] = static_cast<float>(totals[i] * scale_);
  }

  const ReduceRow* row_ = nullptr;
  bool isBfloat16_;
  Loop kept_, sums_;
  Inner inner_;
  double scale_ = 1;
  int64_t outputs_ = 1, elements_ = 0, width_ = 1, pieces_ = 1, rows_ = 1, groups_ = 1, parts_ = 1,
          grain_ = 1;
};

// The input in the layout that it has, where its memory is dense and without padding; the output row-major.
LayoutChoice reduceLayouts(const KernelSpec& spec, const std::vector<bool>&) {
  LayoutChoice choice{{spec.inputLayouts[0]}, {nullptr}};
  const Geometry g = geometry(spec.inputs[0], spec.inputLayouts[0]);
  if (g.shape != spec.inputs[0].shape || g.padded != g.shape || !memoryOrder(g)) choice.inputs[0] = nullptr;
  return choice;
}

class ArgKernel : public OwnKernel {
 public:
  explicit ArgKernel(const KernelSpec& spec) {
    const Dims& shape = spec.inputs[0].shape;
    const auto axis = static_cast<size_t>(normalizeAxis(spec.op, spec.attrs.integer("axis"), shape.size()));
    outer_ = count(Dims(shape.begin(), shape.begin() + axis));
    n_ = shape[axis];
    inner_ = count(Dims(shape.begin() + axis + 1, shape.end()));
    find_ = spec.op == "argmax" ? isa_.reduce->argMax : isa_.reduce->argMin;
  }

  void run(const void* const* inputs, void* const* outputs, void*) override {
    auto* x = static_cast<const float*>(inputs[0]);
    auto* y = static_cast<int32_t*>(outputs[0]);
    if (outer_ * inner_ == 0) return;
    parallelFor(threads_, outer_, kLeastThreadElements / (n_ * inner_), [&](int64_t begin, int64_t end, int) {
      for (int64_t o = begin; o < end; ++o) find_(y + o * inner_, x + o * n_ * inner_, n_, inner_, inner_);
    });
  }

 private:
  int64_t outer_, n_, inner_;
  decltype(ReduceKernels::argMax) find_;
};

}  // namespace

const KernelFamily family([](KernelTable& table) {
  for (const char* name : {"sum", "mean", "prod", "max", "min"})
    table[name] = {.make = makeKernel<ReduceKernel>, .layouts = reduceLayouts, .precisions = readsEither};
  for (const char* name : {"argmax", "argmin"}) table[name] = {.make = makeKernel<ArgKernel>};
});

}  // namespace nodegrad
