#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/attrs.h"
#include "core/shape.h"

namespace nodegrad {

class Graph;

// The output of a node; an index into its graph.
using Value = int32_t;
constexpr Value kNone = -1;

struct AttrSpec {
  std::string name;
  AttrKind kind;
  std::optional<Attr> fallback = std::nullopt;  // none: the attribute must be given
};

// What an op's inference sees. Fails with messages that begin with "[op]".
struct InferContext {
  const std::string& op;
  const std::vector<TensorType>& inputs;
  const Attrs& attrs;
};

// What an op's gradient rule sees. It adds nodes to the graph and returns, for each input, the gradient or
// kNone.
struct GradientContext {
  Graph& graph;
  const std::vector<Value>& inputs;
  const std::vector<Value>& outputs;
  const std::vector<Value>& gradients;  // of the outputs; kNone where nothing flows
  const Attrs& attrs;
  const std::vector<bool>& wanted;  // whether each input's gradient is asked for
};

// What an op's lowering sees: inputs of static shapes in a graph that it adds nodes to.
struct LowerContext {
  Graph& graph;
  const std::vector<Value>& inputs;
  const TensorType& output;  // the first one
  const Attrs& attrs;
};

using Infer = std::function<std::vector<TensorType>(const InferContext&)>;
using Gradient = std::function<std::vector<Value>(const GradientContext&)>;
using Lower = std::function<std::vector<Value>(const LowerContext&)>;  // the outputs

// One op: its schema, its shapes and its derivative. Kernels belong to backends.
struct OpDef {
  std::string name;
  int minInputs = 0;
  int maxInputs = 0;  // -1: any number
  std::vector<AttrSpec> attrs;
  Infer infer;
  Gradient gradient = nullptr;  // none: a gradient through it fails and names it
  bool differentiable =
      true;  // false: gradients stop here without a word (comparisons, argmax, stopGradient)
  std::vector<int> shapeOnly = {};  // inputs that are read for their shape alone
  Lower lower = nullptr;            // what a plan runs in place of the op; none: the op as it is
  bool lowersLate = false;   // passes see it first, which may make something better of it (fuseQuantized)
  bool elementwise = false;  // each output element depends on the broadcast input elements at its place alone
  bool fusible = false;      // it may be a step of a fused chain although it is not element-wise
  bool layoutAgnostic = false;  // it runs as well in any layout of its first input
  bool mayFail = false;         // it looks at its numbers and may refuse them
  bool activation = false;      // an activation whose gradient needs its output alone
  int updateSlots = -1;         // of an optimizer's update: how many slots a weight has; -1: no update

  bool isUpdate() const { return updateSlots >= 0; }
  bool isFusible() const { return elementwise || fusible; }
  bool isLayoutAgnostic() const { return elementwise || layoutAgnostic; }
};

// Looks an op up; fails with the nearest known name.
const OpDef& findOp(const std::string& name);
// The same; null where no op has the name.
const OpDef* findKnownOp(const std::string& name);
// Adds an op; fails where the name is taken. Called by families.
void registerOp(OpDef def);
// A family of ops: each file of cpp/ops has one such object, whose function registers them. It is called when
// an op is first looked up.
class OpFamily {
 public:
  using Add = void (*)();
  explicit OpFamily(Add add);
};
// Every name, sorted.
std::vector<std::string> opNames();

// Gives attrs the schema's defaults, turns whole numbers into the kind that the schema asks for, and refuses
// what it does not know.
Attrs checkAttrs(const OpDef& def, const Attrs& given);

}  // namespace nodegrad
