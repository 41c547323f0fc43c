#include "cpu/move/filter_pairs.h"

#include "cpu/conv/filter_places.h"
#include "cpu/cpu_backend.h"
#include "cpu/matmul/kernels.h"
#include "cpu/memory/cpu_layout.h"
#include "cpu/own_kernel.h"

namespace nodegrad {

namespace {

constexpr int64_t kLeastThreadNumbers = 1 << 15;

// Whether pairs of input channels are innermost, and whole vectors of output channels around them.
bool hasPairs(const Geometry& g, int64_t lanes) {
  const auto rank = static_cast<int>(g.shape.size());
  const auto& blocks = g.blocks;
  if (rank < 2 || blocks.size() < 2 || g.padded != g.shape) return false;
  const auto& [dimension, size] = blocks[blocks.size() - 2];
  return blocks.back() == std::pair(rank - 2, int64_t{2}) && dimension == rank - 1 && size % lanes == 0;
}

class FilterPairs : public OwnKernel {
 public:
  FilterPairs(const TensorType& type, const LayoutPtr& to)
      : OwnKernel(bfloat16Kernels().name), places_(type, to) {}

  void run(const void* const* inputs, void* const* outputs, void*) override {
    const auto* from = static_cast<const float*>(inputs[0]);
    auto* to = static_cast<uint16_t*>(outputs[0]);
    const auto pairs = static_cast<int64_t>(places_.rows.size() / 2),
               columns = static_cast<int64_t>(places_.columns.size());
    parallelFor(threads_, pairs, kLeastThreadNumbers / columns + 1, [&](int64_t begin, int64_t end, int) {
      for (int64_t i = begin; i < end; ++i)
        for (int64_t c = 0; c < columns; c += kernels_.lanes)
          kernels_.pack(
              from + 2 * i * columns + c, columns, 2,
              to + places_.rows[static_cast<size_t>(2 * i)] + places_.columns[static_cast<size_t>(c)],
              kernels_.lanes);
    });
  }

 private:
  const ProductKernels<uint16_t>& kernels_ = *bfloat16Kernels().product;
  FilterPlaces places_;
};

}  // namespace

std::unique_ptr<Kernel> makeFilterPairs(const TensorType& source, const LayoutPtr& from,
                                        const TensorType& target, const LayoutPtr& to) {
  if (!cpuHasTiles() || from || !to || source.dtype != DType::F32 || target.dtype != DType::BF16 ||
      !to->keepsNumbers())
    return nullptr;
  const Geometry wanted = geometry(target, to);
  if (wanted.shape != target.shape || !hasPairs(wanted, bfloat16Kernels().product->lanes)) return nullptr;
  return std::make_unique<FilterPairs>(target, to);
}

}  // namespace nodegrad
