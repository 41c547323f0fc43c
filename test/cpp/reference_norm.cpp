#include <cmath>

#include "reference.h"

namespace nodegrad::reference {

namespace {

// Calls body(place, channel) for every element.
void forChannels(const Array& x, const Attrs& attrs, const std::function<void(size_t, size_t)>& body) {
  const auto axis = static_cast<size_t>(normalizeAxis("reference", attrs.integer("axis"), x.shape().size()));
  forEach(x.shape(), [&](const Dims& index, int64_t place) {
    body(static_cast<size_t>(place), static_cast<size_t>(index[axis]));
  });
}

}  // namespace

void addNorm(Table& table) {
  table["batchNorm"] = [](const Call& call) {
    const Array &x = call.inputs[0], &gamma = call.inputs[1], &beta = call.inputs[2];
    std::vector<double>&mean = call.outputs[1].data, &variance = call.outputs[2].data;
    const double n = static_cast<double>(x.data.size() / mean.size());
    forChannels(x, call.attrs, [&](size_t i, size_t c) { mean[c] += x.data[i] / n; });
    forChannels(x, call.attrs,
                [&](size_t i, size_t c) { variance[c] += std::pow(x.data[i] - mean[c], 2) / n; });
    forChannels(x, call.attrs, [&](size_t i, size_t c) {
      const double inverse = 1 / std::sqrt(variance[c] + call.attrs.number("epsilon"));
      call.outputs[0].data[i] = (x.data[i] - mean[c]) * inverse * gamma.data[c] + beta.data[c];
    });
  };
  table["batchNormBackward"] = [](const Call& call) {
    const Array &dy = call.inputs[0], &x = call.inputs[1], &gamma = call.inputs[2], &mean = call.inputs[3],
                &variance = call.inputs[4];
    std::vector<double>&dgamma = call.outputs[1].data, &dbeta = call.outputs[2].data;
    const double n = static_cast<double>(x.data.size() / dbeta.size());
    const auto inverse = [&](size_t c) {
      return 1 / std::sqrt(variance.data[c] + call.attrs.number("epsilon"));
    };
    const auto normalized = [&](size_t i, size_t c) { return (x.data[i] - mean.data[c]) * inverse(c); };
    forChannels(x, call.attrs, [&](size_t i, size_t c) {
      dgamma[c] += dy.data[i] * normalized(i, c);
      dbeta[c] += dy.data[i];
    });
    forChannels(x, call.attrs, [&](size_t i, size_t c) {
      call.outputs[0].data[i] =
          gamma.data[c] * inverse(c) * (dy.data[i] - dbeta[c] / n - normalized(i, c) * dgamma[c] / n);
    });
  };
}

}  // namespace nodegrad::reference
