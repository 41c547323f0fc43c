#pragma once
#include <optional>

#include "ops/check.h"
#include "ops/expr.h"

// What the recurrent ops share. All run over x · kernel + bias of every step, [n, steps, gates · units],
// which is one matrix product for the whole sequence; what is left to them is the recurrent part. With
// goBackwards step k reads input steps - 1 - k. What is there for the gradient is in the order of
// the inputs, not of the steps. With the attribute masked the last input is a mask [n, gates ·
// units]: the product of each gate takes h times that gate's part of it, the same in all steps. With the
// attribute stepMask the very last input is a mask bool [n, steps]: where it is false, a sample keeps its
// states, and what is there for the gradient is zeros (of states: the states). A sample's output of a step is
// its h; before its first step that counts, and with zeroOutput at all that do not, it is zeros.
namespace nodegrad {

struct RnnShape {
  int64_t n, steps, units;
};

// Of input 0, whose last dimension is gates · units.
RnnShape rnnShape(const InferContext& context, int64_t gates);
// Fails where input i, called name, cannot have this shape.
void expectInput(const InferContext& context, size_t i, const char* name, const Dims& shape);
// Fails unless there are as many inputs, and after them the masks that the attributes say.
void expectInputs(const InferContext& context, size_t count);
// How many inputs there are without the masks.
inline size_t unmasked(size_t inputs, const Attrs& attrs) {
  return inputs - (attrs.boolean("masked") ? 1 : 0) - (attrs.boolean("stepMask") ? 1 : 0);
}
// Adds the masks of an op to the inputs of its backward op.
void passMasks(const GradientContext& context, std::vector<Value>& inputs);
TensorType floats(Dims shape);

// How many inputs an op takes.
struct InputCount {
  int least, most;
};
// Registers an op, whose attributes are goBackwards, returnSequences, masked, stepMask, zeroOutput and maybe
// more, and its backward op, which is differentiated by way of its composition.
struct RnnOps {
  std::string name;
  InputCount inputs, backwardInputs;
  Infer infer, inferBackward;
  Gradient gradient;
  Composition composeBackward;
  std::vector<AttrSpec> moreAttrs = {};
};
void registerRnnOps(const RnnOps& ops);

// Words for compositions.
Expr product(const Expr& a, const Expr& b, bool transposeA = false, bool transposeB = false);
// Columns gate · units … of a matrix.
Expr gateOf(const Expr& x, int64_t gate, int64_t units);
Expr joined(const Exprs& parts);                 // along the last axis
Expr timeStep(const Expr& sequence, int64_t t);  // [n, steps, k] to [n, k]
Expr sequenceOf(const Exprs& steps);             // and back
Expr zerosLike(const Expr& like);
// The number of steps; fails where it is not known before the program runs.
int64_t knownSteps(const char* op, const Expr& sequence);
// The time index of step k.
inline int64_t timeIndex(int64_t k, int64_t steps, bool backwards) { return backwards ? steps - 1 - k : k; }

Expr rowsOf(const Expr& sequence);  // [n, steps, k] to [n · steps, k]

// The products of states with some gates' columns of the recurrent kernel, under the mask if there is one.
class StateProducts {
 public:
  // inputs: of the op or of its backward op.
  StateProducts(const Exprs& inputs, const Attrs& attrs, int64_t units);
  StateProducts(const Rule& rule, int64_t gates);

  // h [n, units] or a sequence of them as a gate's product takes it.
  Expr seen(const Expr& h, int64_t gate) const;
  // h · kernel, which has the columns of `count` gates from `first` on.
  Expr of(const Expr& h, const Expr& kernel, int64_t first, int64_t count) const;
  // The gradient of h, from that of the product.
  Expr back(const Expr& dz, const Expr& kernel, int64_t first, int64_t count) const;
  // The gradient of these columns of the kernel: one product (with a mask one for each gate) over all steps.
  // before: h before each step. dz: rows [n · steps, count · units].
  Expr kernelGradient(const Expr& before, const Expr& dz, int64_t first, int64_t count) const;
  // The gradient of the mask's columns of `count` gates.
  Expr maskGradient(const Expr& before, const Expr& dz, const Expr& kernel, int64_t count) const;
  bool isMasked() const { return mask_.has_value(); }

 private:
  std::optional<Expr> mask_;
  int64_t units_;
};

// Which samples count at each step, by the mask of steps; all where there is none.
class CountedSteps {
 public:
  // inputs: of the op or of its backward op.
  CountedSteps(const Exprs& inputs, const Attrs& attrs, int64_t steps);

  // after [n, k] where a sample counts at step k, else before.
  Expr pick(int64_t k, const Expr& after, const Expr& before) const;
  Expr orZeros(int64_t k, const Expr& x) const { return pick(k, x, zerosLike(x)); }
  // h, or its gradient, where the output of step k is h, else zeros.
  Expr output(int64_t k, const Expr& h) const;

 private:
  Exprs counts_, gives_;  // bool [n, 1], a step each
};

// The gradient of an output, zeros where nothing flows.
Expr gradientOr0(const GradientContext& context, size_t output);

}  // namespace nodegrad
