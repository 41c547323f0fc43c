#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "reference.h"

namespace nodegrad::reference {

namespace {

// NaN comes after all numbers.
bool before(double a, double b) { return std::isnan(a) ? false : std::isnan(b) || a < b; }

void argsort(const Call& call) {
  const Array& x = call.inputs[0];
  const int64_t n = x.shape().back(), k = call.outputs[0].shape().back();
  const bool descending = call.attrs.boolean("descending");
  for (int64_t row = 0; n > 0 && row < count(x.shape()) / n; ++row) {
    std::vector<int64_t> order(static_cast<size_t>(n));
    std::iota(order.begin(), order.end(), 0);
    const double* numbers = x.data.data() + row * n;
    std::stable_sort(order.begin(), order.end(), [&](int64_t i, int64_t j) {
      return descending ? before(numbers[j], numbers[i]) : before(numbers[i], numbers[j]);
    });
    for (int64_t i = 0; i < k; ++i)
      call.outputs[0].data[static_cast<size_t>(row * k + i)] =
          static_cast<double>(order[static_cast<size_t>(i)]);
  }
}

void searchSorted(const Call& call) {
  const std::vector<double>&sequence = call.inputs[0].data, &values = call.inputs[1].data;
  for (size_t i = 0; i < values.size(); ++i)
    call.outputs[0].data[i] =
        static_cast<double>(std::count_if(sequence.begin(), sequence.end(), [&](double x) {
          return call.attrs.boolean("right") ? !before(values[i], x) : before(x, values[i]);
        }));
}

// Calls body with the place of each number along the attribute axis in turn, and the one before, or -1.
void along(const Call& call, const std::function<void(int64_t place, int64_t before)>& body) {
  const Dims& shape = call.outputs[0].shape();
  const auto axis = normalizeAxis("reference", call.attrs.integer("axis"), shape.size());
  const int64_t n = shape[static_cast<size_t>(axis)];
  const int64_t inner = count(Dims(shape.begin() + axis + 1, shape.end()));
  const int64_t step = call.attrs.boolean("reverse") ? -inner : inner;
  for (int64_t start = 0; n > 0 && start < count(shape) / n; ++start) {
    int64_t place = start / inner * n * inner + start % inner + (step < 0 ? (n - 1) * inner : 0);
    for (int64_t i = 0; i < n; ++i, place += step) body(place, i == 0 ? -1 : place - step);
  }
}

void cumsum(const Call& call) {
  const std::vector<double>& x = call.inputs[0].data;
  std::vector<double>& y = call.outputs[0].data;
  const bool exclusive = call.attrs.boolean("exclusive");
  along(call, [&](int64_t place, int64_t before) {
    const double sum = before < 0 ? 0 : y[static_cast<size_t>(before)];
    y[static_cast<size_t>(place)] = exclusive ? (before < 0 ? 0 : sum + x[static_cast<size_t>(before)])
                                              : sum + x[static_cast<size_t>(place)];
  });
}

void linearRecurrence(const Call& call) {
  const std::vector<double>&a = call.inputs[0].data, &b = call.inputs[1].data;
  std::vector<double>& y = call.outputs[0].data;
  const double initial = call.attrs.number("initial");
  along(call, [&](int64_t place, int64_t before) {
    const auto at = static_cast<size_t>(place);
    y[at] = b[at];
    if (before >= 0 || initial != 0) y[at] += a[at] * (before < 0 ? initial : y[static_cast<size_t>(before)]);
  });
}

Kernel segments(double start, double (*step)(double, double)) {
  return [=](const Call& call) {
    const Array& x = call.inputs[0];
    std::vector<double>& y = call.outputs[0].data;
    std::fill(y.begin(), y.end(), start);
    const size_t rows = call.inputs[1].data.size(), inner = rows == 0 ? 0 : x.data.size() / rows;
    for (size_t i = 0; i < x.data.size(); ++i) {
      double& slot = y[static_cast<size_t>(call.inputs[1].data[i / inner]) * inner + i % inner];
      slot = step(slot, x.data[i]);
    }
  };
}

// The bytes of one dtype as those of another.
void view(const Call& call) {
  std::vector<char> bytes;
  for (double number : call.inputs[0].data)
    dispatch(call.inputs[0].type.dtype, [&](auto sample) {
      if constexpr (!std::is_same_v<decltype(sample), Bool> && !std::is_same_v<decltype(sample), BFloat16>) {
        sample = static_cast<decltype(sample)>(number);
      } else {
        sample = static_cast<decltype(sample)>(static_cast<float>(number));
      }
      const auto* from = reinterpret_cast<const char*>(&sample);
      bytes.insert(bytes.end(), from, from + sizeof sample);
    });
  const char* at = bytes.data();
  for (double& number : call.outputs[0].data)
    dispatch(call.outputs[0].type.dtype, [&](auto sample) {
      std::memcpy(&sample, at, sizeof sample);
      at += sizeof sample;
      number = static_cast<double>(sample);
    });
}

}  // namespace

void addOrder(Table& table) {
  table["view"] = view;
  table["segmentMax"] = segments(-INFINITY, largest);
  table["segmentMin"] = segments(INFINITY, smallest);
  table["segmentProd"] = segments(1, [](double a, double b) { return a * b; });
  table["argsort"] = argsort;
  table["searchSorted"] = searchSorted;
  table["cumsum"] = cumsum;
  table["linearRecurrence"] = linearRecurrence;
}

}  // namespace nodegrad::reference
