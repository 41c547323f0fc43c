#include "ops_gradient_cases.h"

namespace nodegrad::gradient {

std::vector<Case> trigonometryCases() {
  return {
      {"sin", {{{2, 3}}}, {}, Dynamic::All, 3},
      {"cos", {{{2, 3}}}, {}, Dynamic::All, 3},
      {"tan", {{{2, 3}, -1, 1}}, {}, Dynamic::All, 3},
      {"arcsin", {{{2, 3}, -0.7, 0.7}}, {}, Dynamic::All, 3},
      {"arccos", {{{2, 3}, -0.7, 0.7}}, {}, Dynamic::All, 3},
      {"arctan", {{{2, 3}}}, {}, Dynamic::All, 3},
      {"sinh", {{{2, 3}}}, {}, Dynamic::All, 3},
      {"cosh", {{{2, 3}}}, {}, Dynamic::All, 3},
      {"arcsinh", {{{2, 3}}}, {}, Dynamic::All, 3},
      {"arccosh", {{{2, 3}, 1.5, 3}}, {}, Dynamic::All, 3},
      {"arctanh", {{{2, 3}, -0.7, 0.7}}, {}, Dynamic::All, 3},
      {"expm1", {{{2, 3}}}, {}, Dynamic::All, 3},
      {"erfinv", {{{2, 3}, -0.7, 0.7}}, {}, Dynamic::All, 3},
      {"arctan2", {positive({2, 3}), positive({1, 3})}, {}, Dynamic::All, 3},
      {"fmod", {given({4}, {5.3, -5.3, 7.1, 0.5}), given({1}, {2.25})}},
  };
}

}  // namespace nodegrad::gradient
