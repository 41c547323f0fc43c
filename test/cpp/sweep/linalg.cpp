// Matrices and Fourier transforms, which kernels compute in float64.
#include "sweep/family.h"

namespace nodegrad::sweep {

namespace {

using reference::apply;

Dims drawLeading(Random& random) {
  Dims lead(static_cast<size_t>(random.integer(0, 2)));
  for (int64_t& size : lead) size = random.integer(1, 3);
  return lead;
}

Array matrices(Random& random, Dims lead, int64_t rows, int64_t columns, double diagonal = 0) {
  lead.push_back(rows);
  lead.push_back(columns);
  Array x = drawFloats(random, lead);
  for (int64_t start = 0; start < static_cast<int64_t>(x.data.size()); start += rows * columns)
    for (int64_t i = 0; i < std::min(rows, columns); ++i) {
      double& number = x.data[static_cast<size_t>(start + i * columns + i)];
      number = static_cast<float>(number + diagonal);
    }
  return x;
}

Call anyShape(Random& random, const std::string& op) {
  const int64_t rows = drawSize(random, 12), columns = drawSize(random, 12);
  const Array x = matrices(random, drawLeading(random), rows, columns);
  if (op == "triangle")
    return regularCall(op, {x}, {{"upper", random.chance(0.5)}, {"diagonal", random.integer(-13, 13)}});
  if (op == "qr") return regularCall(op, {x}, {{"complete", random.chance(0.5)}});
  return regularCall(op, {x});
}

// A diagonal that is larger than the rest: far from singular, and positive definite.
Call square(Random& random, const std::string& op) {
  const int64_t n = drawSize(random, 12);
  return regularCall(op, {matrices(random, drawLeading(random), n, n, static_cast<double>(n))});
}

Call solve(Random& random, const std::string& op) {
  const int64_t n = drawSize(random, 12);
  const Dims lead = drawLeading(random);
  const Array a = matrices(random, random.chance(0.3) ? Dims{} : lead, n, n, static_cast<double>(n));
  Attrs attrs{{"transpose", random.chance(0.5)}};
  if (op == "triangularSolve") attrs.set("lower", random.chance(0.5));
  return regularCall(op, {a, matrices(random, lead, n, random.integer(1, 5))}, attrs);
}

Call fft(Random& random, const std::string& op) {
  Dims shape = drawLeading(random);
  shape.push_back(drawSize(random, 150));
  return regularCall(op, {drawFloats(random, shape), drawFloats(random, shape)},
                     {{"inverse", random.chance(0.5)}});
}

// Each number is rounded once; vectors of close eigenvalues differ by float64's rounding over their distance.
std::string check(const Call& call, const std::vector<Array>& outputs, const std::string&) {
  std::vector<Expected> expected;
  for (Array& y : apply(call.op, call.inputs, call.attrs))
    expected.push_back(y.type.dtype == DType::F32 ? nearly(std::move(y.data), kFloat, 1e-9)
                                                  : exactly(std::move(y.data)));
  return compareAll(outputs, expected);
}

}  // namespace

std::vector<Family> linalgFamilies() {
  return {{{"triangle", "luFactor", "qr", "svd", "pinv"}, anyShape, check},
          {{"cholesky", "inverse", "slogdet", "eigh"}, square, check},
          {{"triangularSolve", "solve"}, solve, check},
          {{"fft"}, fft, check}};
}

}  // namespace nodegrad::sweep
