#include "ops_gradient_cases.h"

namespace nodegrad::gradient {

namespace {

// clang-format off
Attrs rnn(bool backwards, bool sequences) { return {{"goBackwards", backwards}, {"returnSequences", sequences}}; }

Attrs gru(bool backwards, bool sequences, bool resetAfter) {
  return {{"goBackwards", backwards}, {"returnSequences", sequences}, {"resetAfter", resetAfter}};
}

Attrs masked(Attrs attrs) {
  attrs.set("masked", true);
  return attrs;
}

Attrs counted(Attrs attrs, bool zeroOutput = false) {
  attrs.set("stepMask", true);
  attrs.set("zeroOutput", zeroOutput);
  return attrs;
}

}  // namespace

// A known number of steps is needed to differentiate twice.
std::vector<Case> recurrentCases() {
  const Operand state{{2, 3}}, x{{2, 3, 12}}, kernel{{3, 12}, -1, 1}, sequence{{2, 3, 3}}, gates{{2, 3, 12}, .1, .9};
  const Operand gx{{2, 3, 9}}, gkernel{{3, 9}, -1, 1}, bias{{9}}, ggates{{2, 3, 9}, .1, .9}, square{{3, 3}, -1, 1};
  const Operand mask{{2, 12}}, gmask{{2, 9}}, steps = given({2, 3}, {1, 1, 0, 0, 1, 0}, DType::Bool);
  return {
      {"lstm", {x, kernel}, rnn(false, false), Dynamic::First},
      {"lstm", {x, kernel}, rnn(true, true), Dynamic::First},
      {"lstm", {x, kernel, state, state}, rnn(false, true), Dynamic::First, 2, {0, 1, 2}},
      {"lstm", {x, kernel, state, state}, rnn(true, true), Dynamic::First, 2, {1, 2}},
      {"lstm", {x, kernel, state, state}, rnn(true, false), Dynamic::First, 1, {1}},
      {"lstm", {x, kernel, state, state}, rnn(false, true), Dynamic::First, 1, {0, 1, 2, 3, 4, 5}},
      {"lstm", {x, kernel}, rnn(true, false), Dynamic::First, 1, {2, 3, 4}},
      {"lstm", {{{1, 1, 4}}, {{1, 4}}}, rnn(false, false), Dynamic::First},
      {"lstmBackward", {gates, sequence, kernel, state, state}, rnn(false, false), Dynamic::First, 1, {0, 1, 2}},
      {"lstmBackward", {gates, sequence, kernel, state, state, sequence, state}, rnn(true, true), Dynamic::First, 1, {0, 1, 2}},
      {"lstm", {x, kernel, mask}, masked(rnn(false, false)), Dynamic::First},
      {"lstm", {x, kernel, state, state, mask}, masked(rnn(true, true)), Dynamic::First, 2, {0, 1, 2}},
      {"lstm", {x, kernel, state, state, mask}, masked(rnn(true, true)), Dynamic::First, 1, {0, 1, 2, 3, 4, 5}},
      {"lstmBackward", {gates, sequence, kernel, state, state, sequence, state, mask}, masked(rnn(true, true)), Dynamic::First, 1, {0, 1, 2}},
      {"lstmBackward", {gates, sequence, kernel, state, state, mask}, masked(rnn(false, false)), Dynamic::First, 1, {0, 1, 2}},
      {"lstm", {x, kernel, steps}, counted(rnn(false, false)), Dynamic::First},
      {"lstm", {x, kernel, state, state, steps}, counted(rnn(true, true)), Dynamic::First, 2, {0, 1, 2}},
      {"lstm", {x, kernel, state, state, mask, steps}, counted(masked(rnn(false, true)), true), Dynamic::First, 1, {0, 1, 2, 3, 4, 5}},
      {"lstmBackward", {gates, sequence, kernel, state, state, sequence, state, mask, steps}, counted(masked(rnn(true, true))), Dynamic::First, 1, {0, 1, 2}},
      {"lstmBackward", {gates, sequence, kernel, state, state, steps}, counted(rnn(false, false)), Dynamic::First, 1, {0, 1, 2}},
      {"gru", {gx, gkernel, bias}, gru(false, false, true), Dynamic::First},
      {"gru", {gx, gkernel, bias, state}, gru(true, true, true), Dynamic::First, 2, {0, 1}},
      {"gru", {gx, gkernel, bias, state}, gru(false, true, true), Dynamic::First, 1, {1}},
      {"gru", {gx, gkernel, bias, state}, gru(true, true, true), Dynamic::First, 1, {0, 1, 2, 3, 4}},
      {"gru", {gx, gkernel}, gru(true, false, false), Dynamic::First},
      {"gru", {gx, gkernel, state}, gru(false, true, false), Dynamic::First, 2, {0, 1}},
      {"gru", {gx, gkernel, state}, gru(true, false, false), Dynamic::First, 1, {0, 1, 2, 3}},
      {"gruBackward", {ggates, sequence, gkernel, state, sequence, sequence}, gru(true, true, true), Dynamic::First, 1, {0, 1, 2}},
      {"gruBackward", {ggates, sequence, gkernel, state, sequence}, gru(false, false, true), Dynamic::First, 1, {0, 1, 2}},
      {"gruBackward", {ggates, sequence, gkernel, state, sequence}, gru(true, true, false), Dynamic::First, 1, {0, 1}},
      {"gru", {gx, gkernel, bias, gmask}, masked(gru(false, false, true)), Dynamic::First},
      {"gru", {gx, gkernel, bias, state, gmask}, masked(gru(true, true, true)), Dynamic::First, 1, {0, 1, 2, 3, 4}},
      {"gru", {gx, gkernel, state, gmask}, masked(gru(false, true, false)), Dynamic::First, 2, {0, 1}},
      {"gru", {gx, gkernel, state, gmask}, masked(gru(true, false, false)), Dynamic::First, 1, {0, 1, 2, 3}},
      {"gruBackward", {ggates, sequence, gkernel, state, sequence, sequence, gmask}, masked(gru(true, true, true)), Dynamic::First, 1, {0, 1, 2}},
      {"gruBackward", {ggates, sequence, gkernel, state, sequence, gmask}, masked(gru(true, true, false)), Dynamic::First, 1, {0, 1}},
      {"gru", {gx, gkernel, bias, steps}, counted(gru(false, false, true)), Dynamic::First},
      {"gru", {gx, gkernel, bias, state, gmask, steps}, counted(masked(gru(true, true, true)), true), Dynamic::First, 1, {0, 1, 2, 3, 4}},
      {"gru", {gx, gkernel, state, steps}, counted(gru(false, true, false)), Dynamic::First, 2, {0, 1}},
      {"gruBackward", {ggates, sequence, gkernel, state, sequence, sequence, gmask, steps}, counted(masked(gru(true, true, true))), Dynamic::First, 1, {0, 1, 2}},
      {"gruBackward", {ggates, sequence, gkernel, state, sequence, steps}, counted(gru(true, true, false), true), Dynamic::First, 1, {0, 1}},
      {"simpleRnn", {sequence, square, steps}, counted(rnn(false, false)), Dynamic::First},
      {"simpleRnn", {sequence, square, state, state, steps}, counted(masked(rnn(true, true)), true), Dynamic::First, 2, {0, 1}},
      {"simpleRnn", {sequence, square, state, steps}, counted(rnn(false, true)), Dynamic::First, 1, {0, 1, 2, 3}},
      {"simpleRnnBackward", {sequence, square, state, sequence, state, steps}, counted(masked(rnn(true, true))), Dynamic::First, 1, {0, 1}},
      {"simpleRnn", {sequence, square}, rnn(false, false), Dynamic::First},
      {"simpleRnn", {sequence, square, state}, rnn(true, true), Dynamic::First, 2, {0, 1}},
      {"simpleRnn", {sequence, square, state}, rnn(false, true), Dynamic::First, 1, {0, 1, 2, 3}},
      {"simpleRnn", {sequence, square, state}, masked(rnn(false, false)), Dynamic::First},
      {"simpleRnn", {sequence, square, state, state}, masked(rnn(true, true)), Dynamic::First, 2, {0, 1}},
      {"simpleRnn", {sequence, square, state, state}, masked(rnn(false, true)), Dynamic::First, 1, {0, 1, 2, 3}},
      {"simpleRnnBackward", {sequence, square, state, sequence, state}, masked(rnn(true, true)), Dynamic::First, 1, {0, 1}},
      {"simpleRnnBackward", {sequence, square, state}, rnn(false, false), Dynamic::First, 1, {0, 1}},
      {"simpleRnnBackward", {sequence, square, state, sequence}, rnn(true, true), Dynamic::First, 1, {0, 1}},
  };
}
// clang-format on

}  // namespace nodegrad::gradient
