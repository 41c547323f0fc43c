#include <algorithm>
#include <optional>
#include <set>

#include "plan/ir.h"

namespace nodegrad::plan {

namespace {

class ScaleFolding {
 public:
  explicit ScaleFolding(Ir& ir) : ir_(ir) { markSteady(ir_); }

  void run() {
    const size_t count = ir_.nodes.size();
    for (size_t n = 0; n < count; ++n)
      if (ir_.nodes[n].op == "conv") fold(n);
    ir_.sweepAndSort();
  }

 private:
  // What an op with one number a channel makes of a value that nobody else reads.
  struct Beside {
    int vector, output;
  };
  std::optional<Beside> beside(const char* op, int value, bool channelsLast) const {
    const int reader = ir_.soleReader(value);
    if (reader < 0 || ir_.nodes[static_cast<size_t>(reader)].op != op) return std::nullopt;
    const IrNode& node = ir_.nodes[static_cast<size_t>(reader)];
    if (ir_.type(node.outputs[0]) != ir_.type(value)) return std::nullopt;
    const int other = node.inputs[0] == value ? node.inputs[1] : node.inputs[0];
    const Dims& shape = ir_.type(value).shape;
    const size_t rank = shape.size(), fromEnd = channelsLast ? 0 : rank - 2;
    const int vector = ir_.channelVector(other, shape[rank - 1 - fromEnd], fromEnd);
    if (vector < 0) return std::nullopt;
    return Beside{vector, node.outputs[0]};
  }

  void fold(size_t n) {
    const IrNode conv = ir_.nodes[n];
    const bool channelsLast = conv.attrs.text("dataFormat") == "channelsLast";
    const int y = conv.outputs[0], w = conv.inputs[1];
    const auto bias = beside("add", y, channelsLast);
    const auto scaled = beside("multiply", bias ? bias->output : y, channelsLast);
    if (!scaled || !pays(w, scaled->vector, y)) return;
    const auto shifted = beside("add", scaled->output, channelsLast);
    ir_.setInput(static_cast<int>(n), 1, elementwise("multiply", w, scaled->vector, conv.rank));
    early(scaled->vector, conv.rank);
    if (shifted) early(shifted->vector, conv.rank);
    if (!bias) {
      ir_.replaceUses(scaled->output, y);
      return;
    }
    early(bias->vector, conv.rank);
    int vector = elementwise("multiply", bias->vector, scaled->vector, conv.rank);
    if (shifted) vector = elementwise("add", vector, shifted->vector, conv.rank);
    if (!channelsLast) {
      Dims along(ir_.type(y).shape.size() - 1, 1);
      along[0] = ir_.type(vector).shape[0];
      vector = add("reshape", {vector}, {DType::F32, along}, Attrs{{"shape", along}}, conv.rank);
    }
    const int sum = add("add", {y, vector}, ir_.type(y), {}, conv.rank + kSlightly);
    ir_.replaceUses(shifted ? shifted->output : scaled->output, sum);
  }

  // Whether it is less to multiply the weights than the output. Outside of steps it always is.
  bool pays(int w, int scale, int y) const {
    return (ir_.isSteady(w) && ir_.isSteady(scale)) || count(ir_.type(w).shape) < count(ir_.type(y).shape);
  }

  // Such vectors were traced behind the convolution that now needs them, and so was what they are made of.
  void early(int value, double rank) {
    std::set<int> seen;
    std::vector<int> stack = {value};
    while (!stack.empty()) {
      const IrValue& v = ir_.values[static_cast<size_t>(stack.back())];
      stack.pop_back();
      if (v.origin != Origin::Computed || !seen.insert(v.index).second) continue;
      const IrNode& node = ir_.nodes[static_cast<size_t>(v.index)];
      ir_.setRank(v.index, std::min(node.rank, rank - kSlightly));
      stack.insert(stack.end(), node.inputs.begin(), node.inputs.end());
    }
  }

  int elementwise(const char* op, int a, int b, double rank) {
    return add(op, {a, b}, ir_.type(a), {}, rank - kSlightly);
  }
  int add(const char* op, std::vector<int> inputs, const TensorType& type, Attrs attrs, double rank) {
    const int made = ir_.addNode(op, std::move(inputs), {type}, std::move(attrs), rank);
    return ir_.nodes[static_cast<size_t>(made)].outputs[0];
  }

  static constexpr double kSlightly = 0.25;  // ranks of traced nodes are whole
  Ir& ir_;
};

}  // namespace

void foldScale(Ir& ir) { ScaleFolding(ir).run(); }

}  // namespace nodegrad::plan
