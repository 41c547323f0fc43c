// Matrix products and dense layers.
#include <cmath>

#include "graph/op.h"
#include "sweep/family.h"

namespace nodegrad::sweep {

namespace {

using reference::apply;

Call matmul(Random& random, const std::string& op) {
  const int64_t m = drawSize(random, 40), k = drawSize(random, 70), n = drawSize(random, 40);
  Dims batch(static_cast<size_t>(random.integer(0, 3)));
  for (int64_t& size : batch) size = random.integer(1, 3);
  const auto stack = [&](int64_t rows, int64_t columns) {
    Dims shape = batch;
    if (random.chance(0.3))
      shape.erase(shape.begin(), shape.begin() + random.integer(0, static_cast<int64_t>(shape.size())));
    for (int64_t& size : shape)
      if (random.chance(0.2)) size = 1;
    shape.push_back(rows);
    shape.push_back(columns);
    return drawFloats(random, shape);
  };
  const bool ta = random.chance(0.5), tb = random.chance(0.5);
  Array a = ta ? stack(k, m) : stack(m, k), b = tb ? stack(n, k) : stack(k, n);
  if (random.chance(0.1)) poison(random, a);
  return regularCall(op, {a, b}, {{"transposeA", ta}, {"transposeB", tb}});
}

Expected product(const Array& a, const Array& b, bool ta, bool tb, double terms) {
  const Attrs attrs{{"transposeA", ta}, {"transposeB", tb}};
  return summed(apply("matmul", {a, b}, attrs)[0].data,
                apply("matmul", {absolute(a), absolute(b)}, attrs)[0].data, terms);
}

std::string checkMatmul(const Call& call, const std::vector<Array>& outputs, const std::string&) {
  const bool ta = call.attrs.boolean("transposeA"), tb = call.attrs.boolean("transposeB");
  const Dims& a = call.inputs[0].shape();
  const int64_t terms = a[a.size() - (ta ? 2 : 1)];
  return compare(
      outputs[0],
      product(asFloats(call.inputs[0]), asFloats(call.inputs[1]), ta, tb, static_cast<double>(terms)), 0);
}

struct Dense {
  Array x, w, dy;
  LayoutPtr image;
};

Dense drawDense(Random& random) {
  const bool large = random.chance(0.1);  // enough for a kernel of our own
  int64_t n = random.pick(std::vector<int64_t>{1, 2, 3, 8, 16, 17, 32}), units = drawSize(random, 70);
  if (large) {
    n = random.integer(48, 80);
    units = random.pick(std::vector<int64_t>{64, 136, 512});
  }
  Dims x{n, large ? random.integer(33, 300) : drawSize(random, 200)};
  if (!large && random.chance(0.6)) x = {n, random.integer(1, 4), random.integer(1, 4), drawSize(random, 33)};
  Dense dense;
  dense.x = drawFloats(random, x);
  dense.w = drawFloats(random, {count(x) / n, units});
  dense.dy = drawFloats(random, {n, units});
  dense.image = drawImageLayout(random, dense.x.type);
  return dense;
}

Call forward(Random& random, const std::string& op) {
  const Dense d = drawDense(random);
  Call call{op, {d.x, d.w}, {d.dy.type}, {}, {d.image, nullptr}, {}, {false, true}};
  if (random.chance(0.1)) poison(random, call.inputs[0]);
  if (random.chance(0.6)) {
    call.inputs.push_back(drawFloats(random, {d.w.shape()[1]}));
    call.inputLayouts.push_back(nullptr);
    call.undecided.push_back(true);
  }
  if (random.chance(0.6))
    call.attrs.set("activation", random.pick(std::vector<std::string>{"relu", "tanh", "sigmoid"}));
  if (random.chance(0.3)) call.invariant = {false, true};
  return call;
}

LayoutPtr weightsLayout(const Dense& d) {
  const Call call{"innerProduct", {d.x, d.w}, {d.dy.type}, {}, {d.image, nullptr}};
  return testing::cpuBackend().layouts(call.spec(), {false, true}).inputs[1];
}

Call backwardData(Random& random, const std::string& op) {
  const Dense d = drawDense(random);
  Call call{op, {d.w, d.dy}, {d.x.type}, {}, {weightsLayout(d), nullptr}};
  if (random.chance(0.3)) call.invariant = {true};
  return call;
}

Call backwardWeights(Random& random, const std::string& op) {
  const Dense d = drawDense(random);
  Call call{op, {d.x, d.dy}, {d.w.type}, {}, {d.image, nullptr}};
  if (random.chance(0.6)) call.outputs.push_back({DType::F32, {d.w.shape()[1]}});
  return call;
}

Array flat(const Array& image) {
  const int64_t n = image.shape()[0];
  return {{DType::F32, {n, count(image.shape()) / n}}, image.data};
}

std::string checkForward(const Call& call, const std::vector<Array>& outputs, const std::string&) {
  const Array x = flat(asFloats(call.inputs[0]));
  Expected y = product(x, asFloats(call.inputs[1]), false, false, static_cast<double>(x.shape()[1]));
  const auto units = static_cast<size_t>(call.outputs[0].shape[1]);
  if (call.inputs.size() > 2)
    for (size_t i = 0; i < y.value.size(); ++i) {
      y.value[i] += call.inputs[2].data[i % units];
      y.bound[i] += 2 * kFloat * (1 + std::abs(y.value[i]));
    }
  if (call.attrs.has("activation")) {
    const std::string& name = call.attrs.text("activation");
    y.value = apply(name, {{{DType::F32, call.outputs[0].shape}, y.value}})[0].data;
    // Slopes of at most 1; oneDNN's tanh and sigmoid are within 1e-6 of the number.
    if (name != "relu")
      for (double& bound : y.bound) bound += 1e-6;
  }
  return compare(outputs[0], y, 0);
}

std::string checkBackwardData(const Call& call, const std::vector<Array>& outputs, const std::string&) {
  return compare(outputs[0],
                 product(asFloats(call.inputs[1]), asFloats(call.inputs[0]), false, true,
                         static_cast<double>(call.inputs[0].shape()[1])),
                 0);
}

std::string checkBackwardWeights(const Call& call, const std::vector<Array>& outputs, const std::string&) {
  const Array x = flat(asFloats(call.inputs[0])), dy = asFloats(call.inputs[1]);
  const auto n = static_cast<double>(x.shape()[0]);
  std::string wrong = compare(outputs[0], product(x, dy, true, false, n), 0);
  if (!wrong.empty() || outputs.size() < 2) return wrong;
  const Attrs rows{{"axes", Dims{0}}};
  return compare(outputs[1],
                 summed(apply("sum", {dy}, rows)[0].data, apply("sum", {absolute(dy)}, rows)[0].data, n), 1);
}

Call rows(Random& random, const std::string& op) {
  const int64_t n = drawSize(random, 70);
  return regularCall(op, {drawFloats(random, {random.integer(1, n), n})});
}

// The rows of Q are orthonormal; those of x have no part along later ones.
std::string checkRows(const Call& call, const std::vector<Array>& outputs, const std::string&) {
  const Array& q = outputs[0];
  const int64_t m = q.shape()[0];
  // Two reflections a row, each of which rounds; see orthonormal_kernel_test.cpp.
  const double bound = 6 * std::sqrt(2.0 * static_cast<double>(m) + 4) * kFloat;
  std::vector<double> identity(static_cast<size_t>(m * m));
  for (int64_t i = 0; i < m; ++i) identity[static_cast<size_t>(i * m + i)] = 1;
  const Attrs transposed{{"transposeB", true}};
  std::string wrong = compare(apply("matmul", {q, q}, transposed)[0], nearly(identity, 0, bound), 0);
  if (!wrong.empty()) return wrong;
  const Array l = apply("matmul", {call.inputs[0], q}, transposed)[0];
  const double length = std::sqrt(static_cast<double>(q.shape()[1]));
  for (int64_t i = 0; i < m; ++i)
    for (int64_t j = i + 1; j < m; ++j)
      if (!(std::abs(l.data[static_cast<size_t>(i * m + j)]) <= bound * length))
        return "row " + std::to_string(i) + " of x has a part along row " + std::to_string(j) + " of Q";
  return "";
}

}  // namespace

std::vector<Family> productFamilies() {
  return {{{"matmul"}, matmul, checkMatmul},
          {{"orthonormalRows"}, rows, checkRows},
          {{"innerProduct"}, forward, checkForward},
          {{"innerProductBackwardData"}, backwardData, checkBackwardData},
          {{"innerProductBackwardWeights"}, backwardWeights, checkBackwardWeights}};
}

}  // namespace nodegrad::sweep
