#include <algorithm>
#include <cmath>

#include "reference.h"

namespace nodegrad::reference {

namespace {

void fakeQuantize(const Call& call) {
  const double scale = call.attrs.number("scale");
  const bool isSigned = call.attrs.boolean("signed");
  const double low = isSigned ? -128 : 0, high = isSigned ? 127 : 255;
  for (size_t i = 0; i < call.outputs[0].data.size(); ++i) {
    const double x = call.inputs[0].data[i];
    call.outputs[0].data[i] =
        (std::isnan(x) ? low : std::clamp(std::nearbyint(x / scale), low, high)) * scale;
  }
}

void fakeQuantizeAlong(const Call& call) {
  const Array& x = call.inputs[0];
  const size_t rank = x.shape().size();
  const auto axis = static_cast<size_t>(normalizeAxis("reference", call.attrs.integer("axis"), rank));
  std::vector<double> largest(static_cast<size_t>(x.shape()[axis]), 0);
  forEach(x.shape(), [&](const Dims& index, int64_t place) {
    double& most = largest[static_cast<size_t>(index[axis])];
    const double v = std::abs(x.data[static_cast<size_t>(place)]);
    if (v > most || std::isnan(v)) most = v;
  });
  forEach(x.shape(), [&](const Dims& index, int64_t place) {
    const double most = largest[static_cast<size_t>(index[axis])], scale = most == 0 ? 1 : most / 127;
    call.outputs[0].data[static_cast<size_t>(place)] =
        std::nearbyint(x.data[static_cast<size_t>(place)] / scale) * scale;
  });
}

}  // namespace

void addQuantized(Table& table) {
  table["fakeQuantize"] = fakeQuantize;
  table["fakeQuantizeAlong"] = fakeQuantizeAlong;
}

}  // namespace nodegrad::reference
