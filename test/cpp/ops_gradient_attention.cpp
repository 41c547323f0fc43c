#include "ops_gradient_cases.h"

namespace nodegrad::gradient {

std::vector<Case> attentionCases() {
  const auto attrs = [](bool isCausal, bool bias = false, bool mask = false) {
    return Attrs{{"scale", 0.7}, {"isCausal", isCausal}, {"bias", bias}, {"mask", mask}};
  };
  const Operand q{{2, 3, 2, 2}}, k{{2, 4, 2, 2}}, v{{2, 4, 2, 3}}, y{{2, 3, 2, 3}}, statistics{{2, 2, 3}};
  const Operand mask = given({3, 4}, {1, 0, 0, 1, 0, 1, 1, 1, 0, 0, 0, 0}, DType::Bool);
  return {
      {"dotProductAttention", {q, k, v}, attrs(false)},
      {"dotProductAttention", {q, k, v}, attrs(true)},
      {"dotProductAttention", {q, k, v, mask}, attrs(true, false, true)},
      {"dotProductAttention", {q, k, v, {{2, 1, 3, 4}}, mask}, attrs(false, true, true), Dynamic::None},
      {"dotProductAttention", {q, k, v, {{2, 1, 1}}}, attrs(true, true), Dynamic::First, 2, {0, 1, 2}},
      {"dotProductAttentionBackward",
       {y, q, k, v, y, statistics, positive({2, 2, 3})},
       attrs(false),
       Dynamic::All,
       2,
       {0, 1, 2}},
      {"dotProductAttentionBackward",
       {y, q, k, v, y, statistics, positive({2, 2, 3}), {{2, 1, 1}}, mask},
       attrs(true, true, true),
       Dynamic::None,
       2,
       {0, 1, 2}},
  };
}

}  // namespace nodegrad::gradient
