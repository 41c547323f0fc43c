#pragma once
#include <vector>

#include "backend.h"

namespace nodegrad {

// Whether filters are in such a layout that they have one number for each place.
bool isDense(const TensorType& type, const LayoutPtr& layout);

// Where the numbers of filters [taps …, input channels, output channels] are in memory, in such a layout: of
// tap and input channel r and output channel c at rows[r] + columns[c].
struct FilterPlaces {
  FilterPlaces(const TensorType& type, const LayoutPtr& layout);

  std::vector<int64_t> rows, columns;
};

}  // namespace nodegrad
