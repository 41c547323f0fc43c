#include "graph/precision.h"

#include <algorithm>
#include <map>

#include "plan/ir.h"

namespace nodegrad::plan {

namespace {

class PrecisionPass {
 public:
  PrecisionPass(Ir& ir, Backend& backend)
      : ir_(ir),
        wantsBf16_(ir.values.size(), false),
        isBf16_(ir.values.size(), false),
        isData_(ir.values.size(), false),
        mustBeF32_(ir.values.size(), false),
        readAsF32_(ir.values.size(), false) {
    // What the backend does in float32 depends on the layouts that it would have, and on what is copied once
    // or in each step.
    Ir draft = ir;
    markInvariant(draft);
    chooseLayouts(draft, backend);
    for (const IrNode& node : ir.nodes) {
      PrecisionChoice choice = backend.precisions(draft.spec(*draft.producer(node.outputs[0])));
      const auto own = computeFromName(precisionOf(node.attrs));
      if (own && *own != Compute::BFloat16) stayFloat32(choice);
      choices_.add(std::move(choice));
    }
    for (ValueId value : ir.fetches) mustBeF32_[value] = true;
    for (const IrUpdate& update : ir.updates) mustBeF32_[update.value] = true;
  }

  void run() {
    findData();
    for (size_t n = ir_.nodes.size(); n-- > 0;) propagateDemand(NodeId(n));
    for (NodeId n : ir_.nodes.ids()) decide(n);
    for (ValueId v : isBf16_.ids())
      if (isBf16_[v]) ir_.values[v].type.dtype = DType::BF16;
    for (NodeId n : choices_.ids()) convertInputs(n);
    ir_.sweepAndSort();
  }

 private:
  // The same for a layer that computes in float32: it reads the other dtype where it costs nothing.
  static void stayFloat32(PrecisionChoice& choice) {
    for (Precision& input : choice.inputs)
      if (input == Precision::BFloat16 || choice.sameDtype) input = Precision::Float32;
    std::fill(choice.outputs.begin(), choice.outputs.end(), Precision::Float32);
    choice.sameDtype = false;
  }

  // What depends on a feed; the rest is arithmetic on weights, which stays float32.
  void findData() {
    for (ValueId v : isData_.ids()) isData_[v] = ir_.values[v].origin == Origin::Feed;
    for (const IrNode& node : ir_.nodes) {
      const bool any =
          std::any_of(node.inputs.begin(), node.inputs.end(), [&](ValueId input) { return isData_[input]; });
      for (ValueId output : node.outputs) isData_[output] = any;
    }
  }

  // Marks the inputs that the node wants in bfloat16, and those of which it makes what is wanted so.
  void propagateDemand(NodeId n) {
    const IrNode& node = ir_.nodes[n];
    const bool wanted = std::any_of(node.outputs.begin(), node.outputs.end(),
                                    [&](ValueId output) { return wantsBf16_[output]; });
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const ValueId input = node.inputs[i];
      const Precision precision = choices_[n].inputs[i];
      if (precision == Precision::BFloat16) wantsBf16_[input] = true;
      if (precision == Precision::Float32) readAsF32_[input] = true;
      if (precision == Precision::Either && wanted && isData_[input] && isMainOperand(n, i))
        wantsBf16_[input] = true;
    }
  }

  // Whether an input is a tensor that the node works on, not the vector or scalar that it takes besides.
  bool isMainOperand(NodeId n, size_t input) const {
    const IrNode& node = ir_.nodes[n];
    return choices_[n].sameDtype || ir_.type(node.inputs[input]).shape == ir_.type(node.outputs[0]).shape;
  }

  bool mayBeEither(NodeId n, size_t input) const { return choices_[n].inputs[input] == Precision::Either; }

  void decide(NodeId n) {
    const PrecisionChoice& choice = choices_[n];
    if (choice.sameDtype && !isCheaperInBf16(n)) return;
    for (size_t o = 0; o < choice.outputs.size(); ++o) {
      const ValueId output = ir_.nodes[n].outputs[o];
      isBf16_[output] = choice.outputs[o] != Precision::Float32 && !mustBeF32_[output] &&
                        (choice.sameDtype || wantsBf16_[output]);
    }
  }

  // Whether a node whose operands are all of one dtype has fewer numbers converted around it when they are
  // bfloat16, or as many and its results are wanted so.
  bool isCheaperInBf16(NodeId n) const {
    const IrNode& node = ir_.nodes[n];
    int64_t bf16 = 0, f32 = 0;
    bool wanted = false;
    for (size_t i = 0; i < node.inputs.size(); ++i)
      if (mayBeEither(n, i)) (isBf16_[node.inputs[i]] ? f32 : bf16) += count(ir_.type(node.inputs[i]).shape);
    for (size_t o = 0; o < node.outputs.size(); ++o) {
      const ValueId output = node.outputs[o];
      if (choices_[n].outputs[o] == Precision::Float32) continue;
      if (mustBeF32_[output]) return false;
      const int64_t size = count(ir_.type(output).shape);
      if (readAsF32_[output]) bf16 += size;
      if (wantsBf16_[output]) f32 += size;
      wanted = wanted || wantsBf16_[output];
    }
    return wanted ? bf16 <= f32 : bf16 < f32;
  }

  void convertInputs(NodeId n) {
    const PrecisionChoice& choice = choices_[n];
    const std::vector<ValueId>& outputs = ir_.nodes[n].outputs;
    const bool givesBf16 =
        std::any_of(outputs.begin(), outputs.end(), [&](ValueId output) { return isBf16(output); });
    for (size_t i = 0; i < choice.inputs.size(); ++i) {
      const ValueId input = ir_.nodes[n].inputs[i];
      const DType dtype = ir_.type(input).dtype;
      if (dtype != DType::F32 && dtype != DType::BF16) continue;
      if (mayBeEither(n, i) && !choice.sameDtype) continue;
      const bool wanted = mayBeEither(n, i) ? givesBf16 : choice.inputs[i] == Precision::BFloat16;
      if (wanted != isBf16(input)) ir_.setInput(n, i, converted(input, wanted, ir_.nodes[n].rank));
    }
  }

  bool isBf16(ValueId value) const { return ir_.type(value).dtype == DType::BF16; }

  // The value as the other dtype: a further output of the chain that makes it, else a copy.
  ValueId converted(ValueId value, bool toBf16, double rank) {
    const auto known = converted_.find(value);
    if (known != converted_.end()) return known->second;
    const TensorType type{toBf16 ? DType::BF16 : DType::F32, ir_.type(value).shape};
    const NodeId maker = ir_.producerId(value);
    ValueId result;
    if (maker && ir_.nodes[maker].program) {
      IrNode chain = ir_.nodes[maker];
      auto program = std::make_shared<ElementwiseProgram>(*chain.program);
      program->outputs.push_back(program->outputs[ir_.values[value].index]);
      chain.program = program;
      ir_.put(maker, std::move(chain));
      result = ir_.addOutput(maker, type);
    } else {
      result = ir_.add("reorder", {value}, type, {}, rank);
    }
    converted_[value] = result;
    return result;
  }

  Ir& ir_;
  PerNode<PrecisionChoice> choices_;
  // Whether a value is read, perhaps by way of others, by a kernel that wants it in bfloat16; is bfloat16;
  // depends on a feed; has to stay float32; is read by a kernel that wants float32.
  PerValue<bool> wantsBf16_, isBf16_, isData_, mustBeF32_, readAsF32_;
  std::map<ValueId, ValueId> converted_;
};

}  // namespace

void choosePrecision(Ir& ir, Backend& backend) { PrecisionPass(ir, backend).run(); }

}  // namespace nodegrad::plan
