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

// Calls body(first place, sample) for every sample of n numbers.
void forSamples(const Array& x, size_t n, const std::function<void(size_t, size_t)>& body) {
  for (size_t sample = 0; sample < x.data.size() / n; ++sample) body(sample * n, sample);
}

void layerNorm(const Call& call) {
  const Array &x = call.inputs[0], &gamma = call.inputs[1], &beta = call.inputs[2];
  const size_t n = gamma.data.size();
  forSamples(x, n, [&](size_t first, size_t sample) {
    double &mean = call.outputs[1].data[sample], &variance = call.outputs[2].data[sample];
    for (size_t i = 0; i < n; ++i) mean += x.data[first + i] / static_cast<double>(n);
    for (size_t i = 0; i < n; ++i) variance += std::pow(x.data[first + i] - mean, 2) / static_cast<double>(n);
    const double inverse = 1 / std::sqrt(variance + call.attrs.number("epsilon"));
    for (size_t i = 0; i < n; ++i)
      call.outputs[0].data[first + i] = (x.data[first + i] - mean) * inverse * gamma.data[i] + beta.data[i];
  });
}

void layerNormBackward(const Call& call) {
  const Array &dy = call.inputs[0], &x = call.inputs[1], &gamma = call.inputs[2];
  const size_t n = gamma.data.size();
  forSamples(x, n, [&](size_t first, size_t sample) {
    const double mean = call.inputs[3].data[sample],
                 inverse = 1 / std::sqrt(call.inputs[4].data[sample] + call.attrs.number("epsilon"));
    const auto normalized = [&](size_t i) { return (x.data[first + i] - mean) * inverse; };
    double sum = 0, product = 0;
    for (size_t i = 0; i < n; ++i) {
      const double flow = dy.data[first + i];
      call.outputs[1].data[i] += flow * normalized(i);
      call.outputs[2].data[i] += flow;
      sum += flow * gamma.data[i] / static_cast<double>(n);
      product += flow * gamma.data[i] * normalized(i) / static_cast<double>(n);
    }
    for (size_t i = 0; i < n; ++i)
      call.outputs[0].data[first + i] =
          (dy.data[first + i] * gamma.data[i] - sum - normalized(i) * product) * inverse;
  });
}

}  // namespace

void addNorm(Table& table) {
  table["layerNormalization"] = layerNorm;
  table["layerNormalizationBackward"] = layerNormBackward;
  table["batchNormalization"] = [](const Call& call) {
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
  table["batchNormalizationBackward"] = [](const Call& call) {
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
