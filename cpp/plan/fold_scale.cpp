#include <algorithm>
#include <optional>
#include <set>

#include "plan/ir.h"
#include "plan/quantized_nodes.h"

namespace nodegrad::plan {

namespace {

class ScaleFolding {
 public:
  explicit ScaleFolding(Ir& ir) : ir_(ir) { markInvariant(ir_); }

  void run() {
    for (NodeId n : ir_.nodes.ids())
      if (ir_.nodes[n].op == "conv") fold(n);
    ir_.sweepAndSort();
  }

 private:
  // An op with one number a channel, the only reader of a value: that vector, and what comes out.
  struct Channelwise {
    ValueId vector, output;
  };
  std::optional<Channelwise> channelwise(const char* op, ValueId value, bool channelsLast) const {
    const NodeId reader = ir_.soleReader(value);
    if (!reader || ir_.nodes[reader].op != op) return std::nullopt;
    const IrNode& node = ir_.nodes[reader];
    if (ir_.type(node.outputs[0]) != ir_.type(value)) return std::nullopt;
    const ValueId other = node.inputs[0] == value ? node.inputs[1] : node.inputs[0];
    const Dims& shape = ir_.type(value).shape;
    const size_t rank = shape.size(), fromEnd = channelsLast ? 0 : rank - 2;
    const ValueId vector = ir_.channelVector(other, shape[rank - 1 - fromEnd], fromEnd);
    if (!vector) return std::nullopt;
    return Channelwise{vector, node.outputs[0]};
  }

  void fold(NodeId n) {
    const IrNode conv = ir_.nodes[n];
    const bool channelsLast = conv.attrs.text("dataFormat") == "channelsLast";
    const ValueId y = conv.outputs[0], w = conv.inputs[1];
    const auto bias = channelwise("add", y, channelsLast);
    const auto scaled = channelwise("multiply", bias ? bias->output : y, channelsLast);
    if (!scaled || !pays(w, scaled->vector, y)) return;
    const auto shifted = channelwise("add", scaled->output, channelsLast);
    ir_.setInput(n, 1, scaledWeights(w, scaled->vector, conv.rank));
    early(scaled->vector, conv.rank);
    if (shifted) early(shifted->vector, conv.rank);
    if (!bias) {
      ir_.replaceUses(scaled->output, y);
      return;
    }
    early(bias->vector, conv.rank);
    ValueId vector = elementwise("multiply", bias->vector, scaled->vector, conv.rank);
    if (shifted) vector = elementwise("add", vector, shifted->vector, conv.rank);
    if (!channelsLast) {
      Dims along(ir_.type(y).shape.size() - 1, 1);
      along[0] = ir_.type(vector).shape[0];
      vector = ir_.add("reshape", {vector}, {DType::F32, along}, Attrs{{"shape", along}}, conv.rank);
    }
    const ValueId sum = ir_.add("add", {y, vector}, ir_.type(y), {}, conv.rank + kSlightly);
    ir_.replaceUses(shifted ? shifted->output : scaled->output, sum);
  }

  // Quantised weights have a scale for each channel, which follows any factor of the channel: they may be
  // multiplied before.
  ValueId scaledWeights(ValueId w, ValueId vector, double rank) {
    const IrNode* maker = ir_.producer(w);
    if (!isQuantizedAlong(ir_, maker, ir_.type(w).shape.size() - 1))
      return elementwise("multiply", w, vector, rank);
    const IrNode quantized = *maker;
    const ValueId plain = elementwise("multiply", quantized.inputs[0], vector, rank);
    return ir_.add(quantized.op, {plain}, ir_.type(w), quantized.attrs, rank - kSlightly);
  }

  // Whether it is less to multiply the weights than the output. Outside of steps it always is.
  bool pays(ValueId w, ValueId scale, ValueId y) const {
    return (ir_.isInvariant(w) && ir_.isInvariant(scale)) ||
           count(ir_.type(w).shape) < count(ir_.type(y).shape);
  }

  // Such vectors were traced after the convolution that now needs them, and so was what they are made of.
  void early(ValueId value, double rank) {
    std::set<NodeId> seen;
    std::vector<ValueId> stack = {value};
    while (!stack.empty()) {
      const NodeId n = ir_.producerId(stack.back());
      stack.pop_back();
      if (!n || !seen.insert(n).second) continue;
      const IrNode& node = ir_.nodes[n];
      ir_.setRank(n, std::min(node.rank, rank - kSlightly));
      stack.insert(stack.end(), node.inputs.begin(), node.inputs.end());
    }
  }

  ValueId elementwise(const char* op, ValueId a, ValueId b, double rank) {
    return ir_.add(op, {a, b}, ir_.type(a), {}, rank - kSlightly);
  }
  static constexpr double kSlightly = 0.25;  // ranks of traced nodes are whole
  Ir& ir_;
};

}  // namespace

void foldScale(Ir& ir) { ScaleFolding(ir).run(); }

}  // namespace nodegrad::plan
