#include "cpu/memory/strided_runs.h"

#include "core/error.h"

namespace nodegrad {

std::optional<std::vector<MemoryDim>> memoryOrder(const Geometry& g) {
  const int rank = static_cast<int>(g.shape.size());
  Dims block(rank, 1);  // of the inner blocks of a dimension together
  for (auto& [dim, size] : g.blocks) block[dim] *= size;

  std::vector<int> outer;
  for (int d = 0; d < rank; ++d) outer.push_back(d);
  const bool empty = g.elements == 0;  // its strides say nothing
  if (!empty)
    std::stable_sort(outer.begin(), outer.end(), [&](int a, int b) { return g.strides[a] > g.strides[b]; });

  std::vector<MemoryDim> order;
  int64_t inner = 1;
  for (auto& [dim, size] : g.blocks) inner *= size;
  int64_t dense = inner;
  for (auto it = outer.rbegin(); it != outer.rend(); ++it) {
    const int64_t size = g.padded[*it] / block[*it];
    if (size == 1) continue;
    if (!empty && g.strides[*it] != dense) return std::nullopt;
    dense *= size;
    order.insert(order.begin(), {size, *it, block[*it]});
  }
  if (dense != g.elements) return std::nullopt;
  for (auto& [dim, size] : g.blocks) {
    block[dim] /= size;
    order.push_back({size, dim, block[dim]});
  }
  return order;
}

StridedRuns::StridedRuns(const std::vector<MemoryDim>& order, const Dims& logical) {
  for (const MemoryDim& dim : order) {
    if (dim.size == 1) continue;
    const int64_t stride = logical[dim.dim] * dim.scale;
    if (!sizes.empty() && strides.back() == stride * dim.size) {
      sizes.back() *= dim.size;
      strides.back() = stride;
    } else {
      sizes.push_back(dim.size);
      strides.push_back(stride);
    }
  }
  if (sizes.size() > 24) fail(ErrorCode::Device, "more than 24 dimensions of memory");
}

int64_t StridedRuns::count() const {
  int64_t n = 1;
  for (int64_t size : sizes) n *= size;
  return n;
}

bool StridedRuns::single() const { return sizes.empty() || (sizes.size() == 1 && strides[0] == 0); }

bool StridedRuns::contiguous() const { return sizes.empty() || (sizes.size() == 1 && strides[0] == 1); }

int64_t StridedRuns::period() const {
  return sizes.size() == 2 && strides[0] == 0 && strides[1] == 1 ? sizes[1] : 0;
}

int64_t StridedRuns::takeRepeat() {
  const size_t rank = sizes.size();
  if (rank < 2 || strides[rank - 1] != 1 || strides[rank - 2] != 0) return 1;
  const int64_t run = sizes.back();
  sizes.pop_back();
  strides.pop_back();
  sizes.back() *= run;
  return run;
}

}  // namespace nodegrad
