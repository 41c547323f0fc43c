#include "ops/check.h"

namespace nodegrad {

namespace {

// An update takes a weight, its gradient, slots of the same shape and scalars; it gives the new weight and
// the new slots.
struct Row {
  const char* name;
  int slots;
  int scalars;  // learning rate, step
  std::vector<AttrSpec> attrs;
};

AttrSpec number(const char* name, double fallback) { return {name, AttrKind::Number, fallback}; }

const std::vector<AttrSpec> kRmsprop = {number("rho", 0.9), number("epsilon", 1e-7), number("momentum", 0)};
const std::vector<AttrSpec> kAdam = {number("beta1", 0.9), number("beta2", 0.999), number("epsilon", 1e-7)};

std::vector<TensorType> inferUpdate(const InferContext& context, int slots, int scalars) {
  const TensorType& weight = inputOf(context, 0, "the weight", {DType::F32});
  const auto same = static_cast<size_t>(slots) + 2;
  for (size_t i = 1; i < same; ++i) {
    const char* name = i == 1 ? "the gradient" : "a slot";
    expectShape(context, name, inputOf(context, i, name, {DType::F32}).shape, weight.shape);
  }
  for (size_t i = same; i < same + static_cast<size_t>(scalars); ++i) {
    const char* name = i == same ? "the learning rate" : "the step";
    expectShape(context, name, inputOf(context, i, name, {DType::F32}).shape, {});
  }
  return std::vector<TensorType>(static_cast<size_t>(slots) + 1, weight);
}

}  // namespace

const OpFamily family([] {
  const Row rows[] = {
      {"sgdUpdate", 0, 1, {}},
      {"momentumUpdate", 1, 1, {{"momentum", AttrKind::Number}, {"nesterov", AttrKind::Boolean, false}}},
      {"rmspropUpdate", 2, 1, kRmsprop},
      {"rmspropCenteredUpdate", 3, 1, kRmsprop},
      {"adamUpdate", 2, 2, kAdam},
      {"adamAmsgradUpdate", 3, 2, kAdam},
      {"adadeltaUpdate", 2, 1, {number("rho", 0.95), number("epsilon", 1e-7)}},
  };
  for (const Row& row : rows) {
    OpDef def;
    def.name = row.name;
    def.minInputs = def.maxInputs = 2 + row.slots + row.scalars;
    def.attrs = row.attrs;
    def.attrs.push_back(number("weightDecay", 0));
    def.infer = [slots = row.slots, scalars = row.scalars](const InferContext& context) {
      return inferUpdate(context, slots, scalars);
    };
    def.updateSlots = row.slots;
    registerOp(def);
  }
});

}  // namespace nodegrad
