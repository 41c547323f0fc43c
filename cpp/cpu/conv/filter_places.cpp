#include "cpu/conv/filter_places.h"

#include "cpu/memory/cpu_layout.h"
#include "cpu/memory/onednn.h"

namespace nodegrad {

namespace {

// How far each index along a dimension is from the first one.
std::vector<int64_t> distances(const Geometry& g, size_t dimension) {
  std::vector<int64_t> result;
  for (int64_t i = 0; i < g.shape[dimension]; ++i) {
    int64_t index = i, distance = 0, stride = 1;
    for (auto block = g.blocks.rbegin(); block != g.blocks.rend(); ++block) {
      if (static_cast<size_t>(block->first) == dimension) {
        distance += index % block->second * stride;
        index /= block->second;
      }
      stride *= block->second;
    }
    result.push_back(distance + index * g.strides[dimension]);
  }
  return result;
}

}  // namespace

bool isDense(const TensorType& type, const LayoutPtr& layout) {
  const Geometry g = geometry(type, layout);
  return g.shape == type.shape && !onednn::isPadded(g);
}

FilterPlaces::FilterPlaces(const TensorType& type, const LayoutPtr& layout) : rows{0} {
  const Geometry filters = geometry(type, layout);
  for (size_t dimension = 0; dimension + 1 < filters.shape.size(); ++dimension) {
    std::vector<int64_t> all;
    for (int64_t before : rows)
      for (int64_t distance : distances(filters, dimension)) all.push_back(before + distance);
    rows = std::move(all);
  }
  columns = distances(filters, filters.shape.size() - 1);
}

}  // namespace nodegrad
