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
      {"segmentMax", {{{4, 2}}, given({4}, {2, 0, 2, 1}, DType::I32)}, {{"segments", int64_t{3}}}},
      {"segmentMin", {{{4}}, given({4}, {1, 0, 1, 1}, DType::I32)}, {{"segments", int64_t{2}}}},
      {"segmentMax", {{{4, 2}}, given({4}, {2, 0, 2, 1}, DType::I32), {{3, 5}}}},
      {"segmentProd", {{{4, 2}}, given({4}, {2, 0, 2, 1}, DType::I32), {{3, 5}}}},
      {"segmentProd",
       {{{4, 2}}, given({4}, {2, 0, 2, 2}, DType::I32)},
       {{"segments", int64_t{4}}},
       Dynamic::All,
       3},
      {"segmentProd",
       {given({5}, {0, 2, 0, 3, 0}), given({5}, {1, 0, 1, 0, 0}, DType::I32)},
       {{"segments", int64_t{2}}}},
      {"linearRecurrence", {{{1}}, {{1}}}, {{"initial", 1.0}}},
  };
}

}  // namespace nodegrad::gradient
