// Sorting, searching, segments, sums up to each place, and draws of distributions.
#include <algorithm>
#include <cmath>

#include "graph/op.h"
#include "sweep/family.h"

namespace nodegrad::sweep {

namespace {

using reference::apply;

// With ties, and now and then NaN and infinities.
Array numbers(Random& random, const Dims& shape, DType dtype) {
  Array x = drawNumbers(random, {dtype, shape}, dtype == DType::F32 || dtype == DType::I32 ? -9 : 0,
                        dtype == DType::Bool ? 1 : random.pick(std::vector<double>{3, 200}));
  if (dtype == DType::F32 && random.chance(0.5))
    for (double& v : x.data) v = std::floor(v);
  if (dtype == DType::F32 && random.chance(0.3)) poison(random, x);
  return x;
}

DType anyDtype(Random& random) {
  return random.pick(std::vector<DType>{DType::F32, DType::F32, DType::I32, DType::U8, DType::Bool});
}

Call sorting(Random& random, const std::string& op) {
  const bool isLong = random.chance(0.1);
  Dims shape = drawShape(random, static_cast<size_t>(random.integer(1, 3)), 5000);
  if (isLong) shape = {random.integer(1, 3), random.integer(1900, 5000)};
  const int64_t k = random.chance(0.5) ? -1 : random.integer(0, shape.back());
  return regularCall(op, {numbers(random, shape, anyDtype(random))},
                     {{"descending", random.chance(0.5)}, {"k", k}});
}

Call search(Random& random, const std::string& op) {
  const DType dtype = anyDtype(random);
  Array sequence = numbers(random, {random.integer(0, 300)}, dtype);
  std::sort(sequence.data.begin(), sequence.data.end(),
            [](double a, double b) { return std::isnan(a) ? false : std::isnan(b) || a < b; });
  const Dims shape = drawShape(random, static_cast<size_t>(random.integer(0, 3)), 5000);
  return regularCall(op, {sequence, numbers(random, shape, dtype)}, {{"right", random.chance(0.5)}});
}

Call cumulative(Random& random, const std::string& op) {
  const DType dtype = random.chance(0.3) ? DType::I32 : DType::F32;
  const Dims shape = drawShape(random, static_cast<size_t>(random.integer(1, 4)), 6000);
  const auto draw = [&] {
    if (dtype == DType::F32) return drawFloats(random, shape, -1.2, 1.2);
    return drawNumbers(random, {dtype, shape}, op == "cumsum" ? -100 : -1, op == "cumsum" ? 100 : 1.99);
  };
  Attrs attrs{{"axis", random.integer(0, static_cast<int64_t>(shape.size()) - 1)},
              {"reverse", random.chance(0.5)}};
  if (op == "cumsum") {
    attrs.set("exclusive", random.chance(0.5));
    return regularCall(op, {draw()}, attrs);
  }
  attrs.set("initial", static_cast<double>(random.integer(0, 1)));
  return regularCall(op, {draw(), draw()}, attrs);
}

Call segments(Random& random, const std::string& op) {
  Dims shape = drawShape(random, static_cast<size_t>(random.integer(1, 3)), 4000);
  const DType dtype = random.chance(0.3) ? DType::I32 : DType::F32;
  const int64_t count = random.integer(1, 40);
  const bool product = op == "segmentProd";
  Array x = drawNumbers(random, {dtype, shape}, product ? -1.2 : -9, product ? 1.2 : 9);
  if (dtype == DType::F32 && !product && random.chance(0.3)) poison(random, x);
  // Whole numbers have no infinity to begin with: each segment has a row.
  Array ids = drawNumbers(random, {DType::I32, {shape[0]}}, 0, static_cast<double>(count) - 0.001);
  if (dtype == DType::I32 && !product)
    for (double& id : ids.data) id = 0;
  return regularCall(op, {std::move(x), std::move(ids)},
                     {{"segments", dtype == DType::I32 && !product ? int64_t{1} : count}});
}

Call view(Random& random, const std::string& op) {
  const DType from = anyDtype(random);
  Dims shape = drawShape(random, static_cast<size_t>(random.integer(1, 3)), 4000);
  shape.back() *= 4;
  const std::string to = random.pick(std::vector<std::string>{"int32", "uint8"});
  return regularCall(op, {drawNumbers(random, {from, shape}, 0, from == DType::Bool ? 1 : 200)},
                     {{"dtype", to}});
}

// A rounding for each factor.
std::string checkSegments(const Call& call, const std::vector<Array>& outputs, const std::string&) {
  std::vector<double> value = apply(call.op, asFloats(call.inputs), call.attrs)[0].data;
  if (call.op != "segmentProd" || outputs[0].type.dtype == DType::I32)
    return compare(outputs[0], exactly(std::move(value)), 0);
  const auto factors = static_cast<double>(call.inputs[1].data.size());
  return compare(outputs[0], nearly(std::move(value), factors * kFloat, 1e-37), 0);
}

Call distribution(Random& random, const std::string& op) {
  const Dims shape = drawShape(random, static_cast<size_t>(random.integer(0, 3)), 2000);
  const Array key = testing::array({2}, {static_cast<double>(random.integer(0, 99)), 3}, DType::I32);
  const double most = random.pick(std::vector<double>{0.2, 3, 400});
  Array first = drawFloats(random, shape, 0, most);
  if (op == "randomGamma") return regularCall(op, {key, first});
  const bool binomial = op == "randomBinomial";
  if (binomial)
    for (double& n : first.data) n = std::floor(n);
  return regularCall(op, {key, first, drawFloats(random, shape, 0, binomial ? 1 : most)});
}

// Where the numbers may lie: moments are tested elsewhere.
std::string checkDistribution(const Call& call, const std::vector<Array>& outputs, const std::string&) {
  for (size_t i = 0; i < outputs[0].data.size(); ++i) {
    const double y = outputs[0].data[i], first = call.inputs[1].data[i];
    const bool inside = call.op == "randomGamma"  ? y >= 0 && std::isfinite(y)
                        : call.op == "randomBeta" ? y >= 0 && y <= 1
                                                  : y >= 0 && y <= first && y == std::floor(y);
    if (!inside) return "out of range at " + std::to_string(i) + ": " + std::to_string(y);
  }
  return "";
}

std::string checkPlaces(const Call& call, const std::vector<Array>& outputs, const std::string&) {
  return compare(outputs[0], exactly(apply(call.op, asFloats(call.inputs), call.attrs)[0].data), 0);
}

// Computed in float64 in the same order, and rounded once.
std::string checkSums(const Call& call, const std::vector<Array>& outputs, const std::string&) {
  std::vector<double> value = apply(call.op, asFloats(call.inputs), call.attrs)[0].data;
  if (outputs[0].type.dtype == DType::I32) return compare(outputs[0], exactly(std::move(value)), 0);
  return compare(outputs[0], nearly(std::move(value), kFloat, 0x1p-149), 0);
}

}  // namespace

std::vector<Family> orderFamilies() {
  return {{{"argsort"}, sorting, checkPlaces},
          {{"searchSorted"}, search, checkPlaces},
          {{"segmentMax", "segmentMin", "segmentProd"}, segments, checkSegments},
          {{"view"}, view, checkPlaces},
          {{"randomGamma", "randomBeta", "randomBinomial"}, distribution, checkDistribution},
          {{"cumsum", "linearRecurrence"}, cumulative, checkSums}};
}

}  // namespace nodegrad::sweep
