#include "reducer.h"

namespace nodegrad::cuda {

namespace {

constexpr int64_t kEnoughBlocks = 1024;  // that keep any GPU busy
constexpr int64_t kLeastTerms = 16;      // of a thread, from which a result is made by several blocks

}  // namespace

Reducer::Reducer(const Dims& shape, const std::vector<bool>& summed) {
  const Dims strides = rowMajorStrides(shape);
  Dims keptSizes, keptStrides, sizes, terms;
  for (size_t d = 0; d < shape.size(); ++d) {
    (summed[d] ? sizes : keptSizes).push_back(shape[d]);
    (summed[d] ? terms : keptStrides).push_back(strides[d]);
  }
  first_.kept = merged(keptSizes, keptStrides);
  first_.summed = merged(sizes, terms);
  first_.results = count(keptSizes);
  first_.terms = count(sizes);
  const Strided &kept = first_.kept, &inner = first_.summed;
  const bool across = kept.rank > 0 && kept.strides[kept.rank - 1] == 1 &&
                      (inner.rank == 0 || inner.strides[inner.rank - 1] != 1);
  first_.team = teamFor(first_.terms, across, across ? kept.sizes[kept.rank - 1] : 1);

  const int64_t groups = std::max<int64_t>(1, (first_.results + first_.team.width - 1) / first_.team.width);
  const int64_t most = first_.terms / (first_.team.height * kLeastTerms);
  const int64_t parts = std::clamp<int64_t>(kEnoughBlocks / groups, 1, std::max<int64_t>(most, 1));
  first_.partTerms = std::max<int64_t>(1, (first_.terms + parts - 1) / parts);
  first_.parts = std::max<int64_t>(1, (first_.terms + first_.partTerms - 1) / first_.partTerms);
  if (first_.parts == 1) return;
  second_.kept = merged({first_.results}, {first_.parts});
  second_.summed = merged({first_.parts}, {1});
  second_.results = first_.results;
  second_.terms = second_.partTerms = first_.parts;
  second_.team = teamFor(second_.terms, false, 1);
}

}  // namespace nodegrad::cuda
