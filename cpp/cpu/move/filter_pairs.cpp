#include "cpu/move/filter_pairs.h"

#include <optional>

#include "cpu/cpu_backend.h"
#include "cpu/matmul/kernels.h"
#include "cpu/memory/cpu_layout.h"
#include "cpu/own_kernel.h"

namespace nodegrad {

namespace {

constexpr int64_t kLeastThreadNumbers = 1 << 15;

// Blocks [inner][columns][2], of input channels, output channels and input channels.
struct PairBlocks {
  int64_t inner, columns;
};

std::optional<PairBlocks> pairBlocksOf(const Geometry& g) {
  const auto rank = static_cast<int>(g.shape.size());
  const int in = rank - 2, out = rank - 1;
  const auto& blocks = g.blocks;
  const size_t n = blocks.size();
  if (rank < 2 || n < 2 || n > 3 || g.padded != g.shape || blocks[n - 1] != std::pair(in, int64_t{2}) ||
      blocks[n - 2].first != out || (n == 3 && blocks[0].first != in))
    return std::nullopt;
  return PairBlocks{n == 3 ? blocks[0].second : 1, blocks[n - 2].second};
}

class FilterPairs : public OwnKernel {
 public:
  FilterPairs(Geometry to, const PairBlocks& blocks)
      : OwnKernel(bfloat16Kernels().name), to_(std::move(to)), blocks_(blocks) {
    const size_t rank = to_.shape.size();
    rows_ = to_.shape[rank - 2];
    columns_ = to_.shape[rank - 1];
    taps_ = {0};
    for (size_t axis = 0; axis + 2 < rank; ++axis) {
      std::vector<int64_t> all;
      for (int64_t before : taps_)
        for (int64_t i = 0; i < to_.shape[axis]; ++i) all.push_back(before + i * to_.strides[axis]);
      taps_ = std::move(all);
    }
  }

  void run(const void* const* inputs, void* const* outputs, void*) override {
    const auto* from = static_cast<const float*>(inputs[0]);
    auto* to = static_cast<uint16_t*>(outputs[0]);
    const int64_t pairs = rows_ / 2, all = static_cast<int64_t>(taps_.size()) * pairs;
    parallelFor(threads_, all, kLeastThreadNumbers / columns_ + 1, [&](int64_t begin, int64_t end, int) {
      for (int64_t i = begin; i < end; ++i)
        copyPair(from + 2 * i * columns_, i % pairs, to + taps_[static_cast<size_t>(i / pairs)]);
    });
  }

 private:
  // Two rows next to each other.
  void copyPair(const float* from, int64_t pair, uint16_t* tap) const {
    const size_t rank = to_.shape.size();
    const int64_t lanes = kernels_.lanes, columns = blocks_.columns;
    uint16_t* row = tap + pair / blocks_.inner * to_.strides[rank - 2] + pair % blocks_.inner * columns * 2;
    for (int64_t c = 0; c < columns_; c += columns, row += to_.strides[rank - 1])
      for (int64_t i = 0; i < columns; i += lanes)
        kernels_.pack(from + c + i, columns_, 2, row + 2 * i, lanes);
  }

  const ProductKernels<uint16_t>& kernels_ = *bfloat16Kernels().product;
  Geometry to_;
  PairBlocks blocks_;
  int64_t rows_ = 0, columns_ = 0;
  std::vector<int64_t> taps_;  // where each begins
};

}  // namespace

std::unique_ptr<Kernel> makeFilterPairs(const TensorType& source, const LayoutPtr& from,
                                        const TensorType& target, const LayoutPtr& to) {
  if (!cpuHasTiles() || from || !to || source.dtype != DType::F32 || target.dtype != DType::BF16 ||
      !to->keepsNumbers())
    return nullptr;
  const Geometry geometry = nodegrad::geometry(target, to);
  const auto blocks = pairBlocksOf(geometry);
  if (!blocks || geometry.shape != target.shape || blocks->columns % bfloat16Kernels().product->lanes != 0)
    return nullptr;
  return std::make_unique<FilterPairs>(geometry, *blocks);
}

}  // namespace nodegrad
