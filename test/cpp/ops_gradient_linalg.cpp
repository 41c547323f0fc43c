#include "ops_gradient_cases.h"

namespace nodegrad::gradient {

namespace {

// Two symmetric positive definite matrices with eigenvalues that are far apart.
Operand definite() {
  return given({2, 3, 3}, {2, .3, -.2, .3, 1, .4, -.2, .4, 4, 1.5, -.4, .1, -.4, 3, .2, .1, .2, .8});
}

// Far from singular, and without ties between pivots.
Operand regular(Dims lead = {2}) {
  std::vector<double> numbers = {.5,  2,   -.3, 1.6, .4, .7,  -.9, .2,  1.8,
                                 1.2, -.6, .3,  .4,  .1, 2.1, -.7, 1.9, .5};
  if (lead.empty()) numbers.resize(9);
  lead.insert(lead.end(), {3, 3});
  return given(lead, numbers);
}

Operand tall() { return given({1, 4, 3}, {.5, 2, -.3, 1.6, .4, .7, -.9, .2, 1.8, .3, .6, -.5}); }
Operand wide() { return given({1, 3, 4}, {.5, 2, -.3, 1.6, .4, .7, -.9, .2, 1.8, .3, .6, -.5}); }

}  // namespace

std::vector<Case> linalgCases() {
  return {
      {"triangle", {{{2, 3, 4}}}, {{"diagonal", int64_t{1}}}},
      {"triangle", {{{3, 2}}}, {{"upper", true}, {"diagonal", int64_t{-1}}}},
      {"cholesky", {definite()}},
      {"triangularSolve", {regular(), {{2, 3, 2}}}},
      {"triangularSolve", {regular(), {{2, 3, 1}}}, {{"lower", true}, {"transpose", true}}},
      {"triangularSolve", {regular({}), {{2, 3, 1}}}, {{"lower", true}}},
      {"solve", {regular(), {{2, 3, 2}}}},
      {"solve", {regular(), {{3, 2}}}, {{"transpose", true}}},
      {"inverse", {regular()}},
      {"slogdet", {regular()}, {}, Dynamic::All, 2, {1, 2}},
      {"luFactor", {regular()}, {}, Dynamic::First},
      {"qr", {regular()}, {}, Dynamic::First, 2, {0, 1}},
      {"qr", {tall()}, {}, Dynamic::First, 2, {0, 1}},
      {"qr", {wide()}, {{"complete", true}}, Dynamic::First, 2, {0, 1}},
      {"svd", {regular()}, {}, Dynamic::First, 2, {0, 1, 2}},
      {"svd", {tall()}, {}, Dynamic::First, 2, {0, 1, 2}},
      {"svd", {wide()}, {}, Dynamic::First, 2, {0, 1, 2}},
      {"svd", {tall()}, {{"fullMatrices", true}}, Dynamic::First, 2, {1}},
      {"eigh", {definite()}, {}, Dynamic::All, 2, {0, 1}},
      {"pinv", {tall()}},
      {"pinv", {wide()}},
      {"fft", {{{2, 5}}, {{2, 5}}}, {}, Dynamic::All, 2, {0, 1}},
      {"fft", {{{2, 1}}, {{2, 1}}}, {}, Dynamic::All, 2, {0, 1}},
      {"fft", {{{4}}, {{4}}}, {{"inverse", true}}, Dynamic::All, 2, {0, 1}},
  };
}

}  // namespace nodegrad::gradient
