#include "ops_gradient_cases.h"

namespace nodegrad::gradient {

namespace {

constexpr int64_t kMost = INT64_MAX, kLeast = INT64_MIN;

Attrs slice(Dims begin, Dims end, Dims strides = {}) {
  return {{"begin", begin}, {"end", end}, {"strides", strides}};
}

}  // namespace

std::vector<Case> sliceCases() {
  return {
      {"concatenate", {{{2, 3}}, {{2, 1}}, {{2, 4}}}},
      {"concatenate", {{{2, 3}}, {{1, 3}}}, {{"axis", int64_t{0}}}},
      {"concatenate", {{{2, 3}}}, {{"axis", int64_t{1}}}},
      {"sliceLike", {{{5, 3}}, {{2, 3}}}, {{"axis", int64_t{0}}}},
      {"sliceLike", {{{3, 5}}, {{1, 2}}}, {{"axis", int64_t{-1}}, {"after", true}}},
      {"sliceLike", {{{4}}, {{4}}}, {{"axis", int64_t{0}}, {"after", true}}},
      {"slice", {{{4, 5}}}, slice({1, 0}, {3, kMost})},
      {"slice", {{{4, 5}}}, slice({-3, 1}, {-1, 100}, {1, 2})},
      {"slice", {{{7}}}, slice({1}, {6}, {3})},
      {"slice", {{{4, 7}}}, slice({kMost, 5}, {kLeast, 0}, {-1, -2})},
      {"slice", {{{3, 2}}}, slice({2, 0}, {1, 2})},
      {"sliceBackward", {{{2, 2}}, {{4, 5}}}, slice({-3, 1}, {-1, 100}, {1, 3})},
  };
}

}  // namespace nodegrad::gradient
