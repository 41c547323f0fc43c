// LSTM, GRU and simple recurrent layers, and their gradients.
#include <algorithm>
#include <cmath>

#include "graph/op.h"
#include "sweep/family.h"

namespace nodegrad::sweep {

namespace {

using reference::apply;

Array kernelOf(Random& random, int64_t units, int64_t gates) {
  Array made = drawFloats(random, {units, gates * units});
  // Columns of about length 1, so that states neither grow nor die out.
  for (double& v : made.data) v = static_cast<float>(v * std::sqrt(3.0 / static_cast<double>(units)));
  return made;
}

// Padding after what counts, or any steps that do not.
Array countedSteps(Random& random, int64_t n, int64_t steps) {
  Array made{{DType::Bool, {n, steps}}, {}};
  const bool padded = random.chance(0.5);
  for (int64_t s = 0; s < n; ++s) {
    const int64_t length = random.integer(0, steps);
    for (int64_t place = 0; place < steps; ++place)
      made.data.push_back((padded ? place < length : random.chance(0.6)) ? 1 : 0);
  }
  return made;
}

Call make(Random& random, const std::string& op) {
  const bool backward = op.find("Backward") != std::string::npos;
  const std::string layer = backward ? op.substr(0, op.size() - 8) : op;
  const int64_t gates = layer == "lstm" ? 4 : layer == "gru" ? 3 : 1;
  const int64_t n = random.integer(1, random.chance(0.2) ? 70 : 9), steps = random.integer(1, 5),
                units = drawSize(random, 40);
  const bool sequences = random.chance(0.5), resetAfter = gates == 3 && random.chance(0.5),
             masked = random.chance(0.3), stepMask = random.chance(0.4);
  Attrs attrs{{"goBackwards", random.chance(0.5)},
              {"returnSequences", sequences},
              {"masked", masked},
              {"stepMask", stepMask},
              {"zeroOutput", stepMask && random.chance(0.5)}};
  if (gates == 3) attrs.set("resetAfter", resetAfter);
  std::vector<Array> inputs{drawFloats(random, {n, steps, gates * units}), kernelOf(random, units, gates)};
  if (resetAfter) inputs.push_back(drawFloats(random, {gates * units}));
  const bool first = random.chance(0.5);
  if (first)
    for (int64_t s = 0; s < (gates == 4 ? 2 : 1); ++s) inputs.push_back(drawFloats(random, {n, units}));
  const Array mask = drawFloats(random, {n, gates * units});
  if (masked) inputs.push_back(mask);
  const Array counted = countedSteps(random, n, steps);
  if (stepMask) inputs.push_back(counted);
  Call call = regularCall(layer, inputs, attrs);
  if (!backward) return call;
  const std::vector<Array> kept = apply(layer, inputs, call.attrs);
  const size_t at = sequences ? 1 : 0;
  const auto stored = [&](size_t o) {
    Array array = kept[o];
    for (double& v : array.data) v = static_cast<float>(v);
    return array;
  };
  const Array dh = drawFloats(random, {n, units}), sequence = drawFloats(random, {n, steps, units});
  std::vector<Array> in;
  if (gates == 4) {
    in = {stored(at + 2), stored(at + 3), inputs[1], dh, drawFloats(random, {n, units})};
    if (sequences) in.push_back(sequence);
    if (first) in.push_back(inputs[3]);
  } else if (gates == 3) {
    in = {stored(at + 1), stored(at + 3), inputs[1], dh};
    if (resetAfter) in.push_back(stored(at + 2));
    if (sequences) in.push_back(sequence);
  } else {
    in = {stored(at + 1), inputs[1], dh};
    if (sequences) in.push_back(sequence);
  }
  if (masked) in.push_back(mask);
  if (stepMask) in.push_back(counted);
  return regularCall(op, std::move(in), attrs);
}

// Errors grow along the sequence: a step passes those before it on and adds the rounding of sums of as many
// terms as units, or gates on the way back. In bfloat16 the states and the kernel are rounded in each step; a
// step passes on at most what it got and up to two more roundings of a sum of products, twelve times their
// root mean square for one number.
std::string check(const Call& call, const std::vector<Array>& outputs, const std::string& implementation) {
  const Dims& x = call.inputs[0].shape();
  const auto steps = static_cast<double>(x[1]), terms = steps * static_cast<double>(x[2]);
  const std::vector<Array> want = apply(call.op, asFloats(call.inputs), call.attrs);
  const bool inBf16 = implementation.find("bf16") != std::string::npos || implementation == "own:amx";
  const double float32 = 1e-6 * std::sqrt(terms + 4) + 1e-6;
  double bound = float32;
  if (inBf16) bound = 12 * 2 * std::sqrt(2.0) * kBFloat16 / std::sqrt(3.0) * std::sqrt(steps) / 2;
  std::vector<Expected> expected;
  for (const Array& array : want) expected.push_back(nearly(array.data, bound, bound));
  return compareAll(outputs, expected);
}

}  // namespace

std::vector<Family> recurrentFamilies() {
  return {{{"lstm", "gru", "simpleRnn", "lstmBackward", "gruBackward", "simpleRnnBackward"}, make, check}};
}

}  // namespace nodegrad::sweep
