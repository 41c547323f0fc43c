#include <algorithm>
#include <map>

#include "plan/ir.h"

namespace nodegrad::plan {

namespace {

class PrecisionWalk {
 public:
  PrecisionWalk(Ir& ir, Backend& backend)
      : ir_(ir),
        led_(ir.values.size(), false),
        half_(ir.values.size(), false),
        data_(ir.values.size(), false),
        kept_(ir.values.size(), false),
        exact_(ir.values.size(), false) {
    // What the backend does in float32 depends on the layouts that it would have, and on what is copied once
    // or in each step.
    Ir draft = ir;
    markSteady(draft);
    chooseLayouts(draft, backend);
    for (const IrNode& node : ir.nodes)
      choices_.push_back(backend.precisions(draft.spec(*draft.producer(node.outputs[0]))));
    for (int value : ir.fetches) kept_[static_cast<size_t>(value)] = true;
    for (const IrUpdate& update : ir.updates) kept_[static_cast<size_t>(update.value)] = true;
  }

  void run() {
    findData();
    for (size_t n = ir_.nodes.size(); n-- > 0;) lead(n);
    for (size_t n = 0; n < ir_.nodes.size(); ++n) decide(n);
    for (size_t v = 0; v < half_.size(); ++v)
      if (half_[v]) ir_.values[v].type.dtype = DType::BF16;
    for (size_t n = 0; n < choices_.size(); ++n) convertInputs(n);
    ir_.sweepAndSort();
  }

 private:
  // What depends on a feed; the rest is arithmetic on weights, which stays float32.
  void findData() {
    for (size_t v = 0; v < data_.size(); ++v) data_[v] = ir_.values[v].origin == Origin::Feed;
    for (const IrNode& node : ir_.nodes) {
      const bool any = std::any_of(node.inputs.begin(), node.inputs.end(),
                                   [&](int input) { return data_[static_cast<size_t>(input)]; });
      for (int output : node.outputs) data_[static_cast<size_t>(output)] = any;
    }
  }

  // Marks the inputs that the node wants in bfloat16, and those of which it makes what is wanted so.
  void lead(size_t n) {
    const IrNode& node = ir_.nodes[n];
    const bool wanted = std::any_of(node.outputs.begin(), node.outputs.end(),
                                    [&](int output) { return led_[static_cast<size_t>(output)]; });
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const auto input = static_cast<size_t>(node.inputs[i]);
      const Precision precision = choices_[n].inputs[i];
      if (precision == Precision::BFloat16) led_[input] = true;
      if (precision == Precision::Float32) exact_[input] = true;
      if (precision == Precision::Either && wanted && data_[input] && carries(n, i)) led_[input] = true;
    }
  }

  // Whether an input is of the node's own kind: not the vector or scalar beside the tensor that it works on.
  bool carries(size_t n, size_t input) const {
    const IrNode& node = ir_.nodes[n];
    return choices_[n].alike || ir_.type(node.inputs[input]).shape == ir_.type(node.outputs[0]).shape;
  }

  bool isEither(size_t n, size_t input) const { return choices_[n].inputs[input] == Precision::Either; }

  void decide(size_t n) {
    const PrecisionChoice& choice = choices_[n];
    if (choice.alike && !isCheaperInHalf(n)) return;
    for (size_t o = 0; o < choice.outputs.size(); ++o) {
      const auto output = static_cast<size_t>(ir_.nodes[n].outputs[o]);
      half_[output] =
          choice.outputs[o] != Precision::Float32 && !kept_[output] && (choice.alike || led_[output]);
    }
  }

  // Whether a node whose operands are alike has fewer numbers converted around it when they are bfloat16, or
  // as many and its results are wanted so.
  bool isCheaperInHalf(size_t n) const {
    const IrNode& node = ir_.nodes[n];
    int64_t half = 0, full = 0;
    bool wanted = false;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const auto input = static_cast<size_t>(node.inputs[i]);
      if (isEither(n, i)) (half_[input] ? full : half) += count(ir_.type(node.inputs[i]).shape);
    }
    for (size_t o = 0; o < node.outputs.size(); ++o) {
      const auto output = static_cast<size_t>(node.outputs[o]);
      if (choices_[n].outputs[o] == Precision::Float32) continue;
      if (kept_[output]) return false;
      const int64_t size = count(ir_.type(node.outputs[o]).shape);
      if (exact_[output]) half += size;
      if (led_[output]) full += size;
      wanted = wanted || led_[output];
    }
    return wanted ? half <= full : half < full;
  }

  void convertInputs(size_t n) {
    const PrecisionChoice& choice = choices_[n];
    bool half = false;
    for (size_t o = 0; o < ir_.nodes[n].outputs.size(); ++o) half = half || isHalf(ir_.nodes[n].outputs[o]);
    for (size_t i = 0; i < choice.inputs.size(); ++i) {
      const int input = ir_.nodes[n].inputs[i];
      const DType dtype = ir_.type(input).dtype;
      if (dtype != DType::F32 && dtype != DType::BF16) continue;
      if (isEither(n, i) && !choice.alike) continue;
      const bool wanted = isEither(n, i) ? half : choice.inputs[i] == Precision::BFloat16;
      const int given = wanted == isHalf(input) ? input : converted(input, wanted, ir_.nodes[n].rank);
      ir_.setInput(static_cast<int>(n), i, given);
    }
  }

  bool isHalf(int value) const { return ir_.type(value).dtype == DType::BF16; }

  // The value as the other dtype: a further output of the chain that makes it, else a copy.
  int converted(int value, bool half, double rank) {
    const auto known = converted_.find(value);
    if (known != converted_.end()) return known->second;
    const TensorType type{half ? DType::BF16 : DType::F32, ir_.type(value).shape};
    const IrValue made = ir_.values[static_cast<size_t>(value)];
    int result;
    if (made.origin == Origin::Computed && ir_.nodes[static_cast<size_t>(made.index)].program) {
      IrNode chain = ir_.nodes[static_cast<size_t>(made.index)];
      auto program = std::make_shared<ElementwiseProgram>(*chain.program);
      program->outputs.push_back(program->outputs[static_cast<size_t>(made.output)]);
      chain.program = program;
      ir_.put(made.index, std::move(chain));
      result = ir_.addOutput(made.index, type);
    } else {
      const int node = ir_.addNode("reorder", {value}, {type}, {}, rank);
      result = ir_.nodes[static_cast<size_t>(node)].outputs[0];
    }
    converted_[value] = result;
    return result;
  }

  Ir& ir_;
  std::vector<PrecisionChoice> choices_;  // of each node
  // Of each value: whether it is or leads to something wanted in bfloat16, is to be bfloat16, depends on a
  // feed, has to be float32, is read as such.
  std::vector<bool> led_, half_, data_, kept_, exact_;
  std::map<int, int> converted_;
};

}  // namespace

void choosePrecision(Ir& ir, Backend& backend) { PrecisionWalk(ir, backend).run(); }

}  // namespace nodegrad::plan
