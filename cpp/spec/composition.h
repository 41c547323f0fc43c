#pragma once
#include <map>
#include <string>
#include <vector>

#include "backend.h"
#include "graph/subgraph.h"
#include "ops/expr.h"

// What the nodes of a plan mean. A plan has ops that no graph has, and gives public ops more operands and
// attributes; each of them is declared here once: its attributes, its operands by name (conv.h, norm.h, …)
// and its composition of public ops.
namespace nodegrad::spec {

// What a node computes, in public ops, with inputs and outputs in the node's order. Layouts do not matter,
// and bfloat16 and signed bytes count as float32. Fails with INTERNAL, naming the op, where the node has an
// attribute that its op has not, or other outputs than the composition.
Subgraph compose(const KernelSpec& spec);
// How many outputs the op has where none of them is left out.
size_t countOutputs(const KernelSpec& spec);

// A node on its way into public ops.
class Lowering {
 public:
  Lowering(Graph& graph, const KernelSpec& spec, const Exprs& inputs)
      : spec(spec), inputs(inputs), graph_(graph) {}

  const KernelSpec& spec;  // all attributes are there, with dtypes of graphs
  const Exprs& inputs;

  // A public op with several outputs.
  Exprs op(const std::string& name, const Exprs& operands, const Attrs& attrs = {}) const;
  // The attributes of the node that a public op has, too.
  Attrs attrsOf(const std::string& name) const;
  // What an op is given that reads a shape alone.
  Expr like(const TensorType& type) const { return {graph_, graph_.constant(0, type.shape, type.dtype)}; }
  Expr constant(double value, DType dtype) const { return {graph_, graph_.constant(value, {}, dtype)}; }

 private:
  Graph& graph_;
};

// An op that a plan makes of others, or a public one that it gives more to do.
struct FusedOp {
  std::vector<AttrSpec> attrs;  // in addition to those of the public op of this name
  Exprs (*lower)(const Lowering& node) = nullptr;
  // Attributes that depend on the node; null: none.
  std::vector<AttrSpec> (*attrsOf)(const KernelSpec& spec) = nullptr;
  bool layoutAgnostic = false;  // as in OpDef
};
using FusedOps = std::map<std::string, FusedOp>;
const FusedOps& fusedOps();

// Each adds one family.
void addConvolutions(FusedOps& ops);    // conv and its gradients with what surrounds them
void addInnerProducts(FusedOps& ops);   // innerProduct and its gradients
void addNormalizations(FusedOps& ops);  // the parts of batchNormalization
void addQuantized(FusedOps& ops);       // products of bytes
void addUpdates(FusedOps& ops);         // updates of several weights, and of rows
void addElementwise(FusedOps& ops);     // fusedElementwise, reorder

// float32 for what no graph has: bfloat16 and signed bytes.
inline DType graphDtype(DType dtype) {
  return dtype == DType::BF16 || dtype == DType::S8 ? DType::F32 : dtype;
}
// Vectors of channels along an axis of a tensor of this rank.
Expr alongAxis(const Expr& vector, int64_t axis, size_t rank);
// The sum over all axes but one.
Expr sumToAxis(const Expr& x, int64_t axis);
// Mean and (biased) variance of each channel.
Exprs momentsAlong(const Expr& x, int64_t axis);
// "linear" or the name of an op.
Expr activate(const Expr& x, const std::string& activation);
// x where y is positive, else 0: the gradient of a ReLU whose output is y.
inline Expr maskBy(const Expr& y, const Expr& x) { return where(greater(y, 0), x, 0); }

}  // namespace nodegrad::spec
