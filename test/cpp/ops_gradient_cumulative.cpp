#include "ops_gradient_cases.h"

namespace nodegrad::gradient {

std::vector<Case> cumulativeCases() {
  return {
      {"cumsum", {{{2, 4}}}},
      {"cumsum", {{{3, 2, 2}}}, {{"axis", int64_t{0}}, {"reverse", true}}},
      {"cumsum", {{{2, 3}}}, {{"exclusive", true}}},
      {"cumsum", {{{2, 0}}}},
      {"linearRecurrence", {{{2, 4}}, {{2, 4}}}, {}, Dynamic::All, 3},
      {"linearRecurrence", {{{3, 2}}, {{3, 2}}}, {{"axis", int64_t{0}}, {"initial", 1.0}}, Dynamic::All, 3},
      {"linearRecurrence", {{{2, 3}}, {{2, 3}}}, {{"reverse", true}, {"initial", 0.5}}},
      {"linearRecurrence", {given({4}, {2, 0, 3, 0}), {{4}}}, {{"initial", 1.0}}, Dynamic::All, 3},
      {"linearRecurrence", {{{2, 0}}, {{2, 0}}}},
      {"linearRecurrence", {{{1}}, {{1}}}, {{"initial", 1.0}}},
  };
}

}  // namespace nodegrad::gradient
