#include <algorithm>
#include <cmath>
#include <limits>

#include "reference.h"

namespace nodegrad::reference {

namespace {

size_t axisOf(const Attrs& attrs, size_t rank) {
  return static_cast<size_t>(normalizeAxis("reference", attrs.integer("axis"), rank));
}

// The shape with every reduced axis of length 1; broadcastPlace then finds an element's group.
Dims groupShape(const Attrs& attrs, const Dims& shape) {
  const std::vector<int64_t>& axes = attrs.integers("axes");
  if (axes.empty()) return Dims(shape.size(), 1);
  Dims groups = shape;
  for (int64_t axis : axes) groups[static_cast<size_t>(normalizeAxis("reference", axis, shape.size()))] = 1;
  return groups;
}

Kernel reduction(double start, double (*step)(double, double), bool average = false) {
  return [=](const Call& call) {
    const Array& x = call.inputs[0];
    Array& y = call.outputs[0];
    std::fill(y.data.begin(), y.data.end(), start);
    const Dims groups = groupShape(call.attrs, x.shape());
    forEach(x.shape(), [&](const Dims& index, int64_t place) {
      double& slot = y.data[static_cast<size_t>(broadcastPlace(groups, index))];
      slot = step(slot, x.data[static_cast<size_t>(place)]);
    });
    if (average)
      for (double& value : y.data)
        value *= static_cast<double>(y.data.size()) / static_cast<double>(x.data.size());
  };
}

Kernel argument(bool (*better)(double, double)) {
  return [=](const Call& call) {
    const Array& x = call.inputs[0];
    const size_t axis = axisOf(call.attrs, x.shape().size());
    Dims groups = x.shape();
    groups[axis] = 1;
    std::vector<double> best(call.outputs[0].data.size());
    forEach(x.shape(), [&](const Dims& index, int64_t place) {
      const auto group = static_cast<size_t>(broadcastPlace(groups, index));
      const double value = x.data[static_cast<size_t>(place)];
      if (index[axis] != 0 && !better(value, best[group])) return;
      best[group] = value;
      call.outputs[0].data[group] = static_cast<double>(index[axis]);
    });
  };
}

// log softmax along an axis.
std::vector<double> logSoftmax(const Array& x, size_t axis) {
  Dims groups = x.shape();
  groups[axis] = 1;
  std::vector<double> most(static_cast<size_t>(count(groups)), -std::numeric_limits<double>::infinity());
  std::vector<double> total(most.size());
  const auto each = [&](const std::function<void(size_t place, size_t group)>& body) {
    forEach(x.shape(), [&](const Dims& index, int64_t place) {
      body(static_cast<size_t>(place), static_cast<size_t>(broadcastPlace(groups, index)));
    });
  };
  std::vector<double> y(x.data.size());
  each([&](size_t place, size_t group) { most[group] = std::max(most[group], x.data[place]); });
  each([&](size_t place, size_t group) { total[group] += std::exp(x.data[place] - most[group]); });
  each([&](size_t place, size_t group) { y[place] = x.data[place] - most[group] - std::log(total[group]); });
  return y;
}

}  // namespace

void addReductions(Table& table) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const auto plus = [](double a, double b) { return a + b; };
  table["sum"] = reduction(0, plus);
  table["mean"] = reduction(0, plus, true);
  table["prod"] = reduction(1, [](double a, double b) { return a * b; });
  table["max"] = reduction(-infinity, largest);
  table["min"] = reduction(infinity, smallest);
  table["argmax"] = argument([](double a, double b) { return a > b; });
  table["argmin"] = argument([](double a, double b) { return a < b; });
  table["softmax"] = [](const Call& call) {
    call.outputs[0].data = logSoftmax(call.inputs[0], axisOf(call.attrs, call.inputs[0].shape().size()));
    for (double& value : call.outputs[0].data) value = std::exp(value);
  };
  table["logSoftmax"] = [](const Call& call) {
    call.outputs[0].data = logSoftmax(call.inputs[0], axisOf(call.attrs, call.inputs[0].shape().size()));
  };
  table["softmaxCrossEntropy"] = [](const Call& call) {
    const Array &x = call.inputs[0], &labels = call.inputs[1];
    const std::vector<double> y = logSoftmax(x, x.shape().size() - 1);
    const auto classes = static_cast<size_t>(x.shape().back());
    for (size_t i = 0; i < y.size(); ++i) call.outputs[0].data[i / classes] -= labels.data[i] * y[i];
  };
  table["sparseSoftmaxCrossEntropy"] = [](const Call& call) {
    const Array &x = call.inputs[0], &labels = call.inputs[1];
    const std::vector<double> y = logSoftmax(x, x.shape().size() - 1);
    const auto classes = static_cast<size_t>(x.shape().back());
    for (size_t i = 0; i < labels.data.size(); ++i)
      call.outputs[0].data[i] = -y[i * classes + static_cast<size_t>(labels.data[i])];
  };
}

}  // namespace nodegrad::reference
