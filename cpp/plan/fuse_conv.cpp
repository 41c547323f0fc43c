#include <algorithm>

#include "core/slice.h"
#include "core/window.h"
#include "plan/match.h"

namespace nodegrad::plan {

namespace {

// Takes the neighbours of convolutions into them where the backend has a kernel for it: their outputs and
// gradients then go to memory once less. The attributes are those of spec/conv.h.
class ConvFusion {
 public:
  ConvFusion(Ir& ir, const Backend& backend) : ir_(ir), backend_(backend) {}

  void run() {
    for (NodeId n : ir_.nodes.ids()) {
      const std::string op = ir_.nodes[n].op;
      if (op == "conv") addResidual(n);
    }
    ir_.sweepAndSort();
    for (NodeId n : ir_.nodes.ids()) {
      const std::string op = ir_.nodes[n].op;
      if (op == "maxPool") poolOutput(n);
      if (op == "batchNormStatistics") takeStatistics(n);
      if (op == "maxPoolBackward") unpoolGradient(n);
    }
    ir_.sweepAndSort();
    for (NodeId n : ir_.nodes.ids())
      if (ir_.nodes[n].op == "where") maskGradient(n);
    ir_.sweepAndSort();
    for (NodeId n : ir_.nodes.ids()) {
      const std::string op = ir_.nodes[n].op;
      if (op == "concatenate") takeConcatenation(n);
      if (op == "convBackwardData") giveSlices(n);
    }
    ir_.sweepAndSort();
  }

 private:
  const IrNode& node(NodeId id) const { return ir_.nodes[id]; }
  size_t rank(ValueId value) const { return ir_.type(value).shape.size(); }
  // The axis of the channels of a convolution's images.
  int channelsOf(NodeId conv) const {
    return imageAxes(node(conv).op, node(conv).attrs, rank(node(conv).inputs[0])).c;
  }
  // Windows of 2×2 that do not overlap, over images of the convolution's data format.
  bool isPlainPooling(const IrNode& pool, const TensorType& image, const IrNode& conv) const {
    if (pool.attrs.text("dataFormat") != conv.attrs.text("dataFormat")) return false;
    const ImageAxes axes = imageAxes(pool.op, pool.attrs, image.shape.size());
    const Window window = poolWindow(pool.op, pool.attrs, axes.spatialOf(image.shape));
    if (window.spatial != 2) return false;
    for (int axis : {0, 1})
      if (window.kernel[axis] != 2 || window.strides[axis] != 2 || window.dilations[axis] != 1) return false;
    return std::all_of(std::begin(window.pads), std::end(window.pads), [](int64_t pad) { return pad == 0; });
  }

  // conv(…) + residual, and a ReLU after it.
  void addResidual(NodeId n) {
    IrNode fused = ir_.nodes[n];
    const ValueId y = fused.outputs[0];
    const NodeId sum = ir_.soleReader(y);
    const bool linear = !fused.attrs.has("activation") || fused.attrs.text("activation") == "linear";
    if (!sum || node(sum).op != "add" || !linear) return;
    const ValueId residual = node(sum).inputs[0] == y ? node(sum).inputs[1] : node(sum).inputs[0];
    if (ir_.type(residual) != ir_.type(y)) return;
    fused.inputs.push_back(residual);
    fused.attrs.set("residual", true);
    if (!absorb(ir_, backend_, n, fused, sum)) return;
    const NodeId relu = ir_.soleReader(y);
    if (!relu || node(relu).op != "relu") return;
    fused.attrs.set("activation", std::string("relu"));
    absorb(ir_, backend_, n, std::move(fused), relu);
  }

  // maxPool(conv(…)): the convolution gives the maxima, and its own output too where something else reads it.
  void poolOutput(NodeId n) {
    const ValueId image = ir_.nodes[n].inputs[0];
    const NodeId conv = ir_.producerId(image);
    if (!conv || node(conv).op != "conv" || node(conv).outputs.size() != 1 ||
        !isPlainPooling(ir_.nodes[n], ir_.type(image), node(conv)))
      return;
    IrNode fused = node(conv);
    fused.attrs.set("pooling", true);
    fused.outputs = ir_.nodes[n].outputs;
    if (ir_.uses(image) > 1) fused.outputs.push_back(image);
    if (!backend_.supports(ir_.spec(fused))) return;
    ir_.put(n, {});
    ir_.put(conv, fused);
  }

  // batchNormStatistics(conv(…)): the convolution gives them together with its output.
  void takeStatistics(NodeId n) {
    const IrNode& statistics = ir_.nodes[n];
    const ValueId image = statistics.inputs[0];
    const NodeId conv = ir_.producerId(image);
    if (!conv || node(conv).op != "conv" || node(conv).outputs.size() != 1) return;
    if (normalizeAxis(statistics.op, statistics.attrs.integer("axis"), rank(image)) != channelsOf(conv))
      return;
    IrNode fused = node(conv);
    fused.attrs.set("statistics", true);
    fused.outputs.insert(fused.outputs.end(), statistics.outputs.begin(), statistics.outputs.end());
    if (!backend_.supports(ir_.spec(fused))) return;
    ir_.put(n, {});
    ir_.put(conv, fused);
  }

  // maxPoolBackward whose result goes to gradients of convolutions alone: those take the pooled gradient.
  void unpoolGradient(NodeId n) {
    const IrNode pool = ir_.nodes[n];
    const ValueId image = pool.outputs[0];
    const std::vector<NodeId> readers = ir_.readers(image);
    if (readers.size() != ir_.uses(image)) return;
    std::vector<IrNode> fused;
    for (NodeId reader : readers) {
      fused.push_back(node(reader));
      IrNode& gradient = fused.back();
      if ((gradient.op != "convBackwardData" && gradient.op != "convBackwardFilter") ||
          gradient.inputs.size() != 2 || gradient.inputs[1] != image || gradient.inputs[0] == image ||
          !isPlainPooling(pool, ir_.type(image), gradient))
        return;
      gradient.inputs = {gradient.inputs[0], pool.inputs[0], pool.inputs[1]};
      gradient.attrs.set("pooledGradient", true);
      if (!backend_.supports(ir_.spec(gradient))) return;
    }
    for (size_t i = 0; i < readers.size(); ++i) ir_.put(readers[i], fused[i]);
  }

  // where(r > 0, convBackwardData(…), 0), as the gradient of r = relu(…) has it.
  void maskGradient(NodeId n) {
    const IrNode& select = ir_.nodes[n];
    const auto mask = reluMask(ir_, select);
    if (!mask || ir_.uses(mask->gradient) != 1 || ir_.type(mask->y) != ir_.type(mask->gradient)) return;
    const NodeId gradient = ir_.producerId(mask->gradient);
    if (!gradient || node(gradient).op != "convBackwardData" || !(ir_.producerId(mask->y) < gradient)) return;
    IrNode fused = node(gradient);
    fused.inputs.push_back(mask->y);
    fused.attrs.set("mask", true);
    if (!backend_.supports(ir_.spec(fused))) return;
    ir_.put(gradient, fused);
    ir_.replaceUses(select.outputs[0], fused.outputs[0]);
  }

  // concatenate(a, b, …) of channels that only convolutions read: those read a, b, … themselves.
  void takeConcatenation(NodeId n) {
    const IrNode whole = ir_.nodes[n];
    const ValueId image = whole.outputs[0];
    const std::vector<NodeId> readers = ir_.readers(image);
    if (readers.size() != ir_.uses(image)) return;
    std::vector<IrNode> fused;
    for (NodeId reader : readers) {
      fused.push_back(node(reader));
      IrNode& conv = fused.back();
      if ((conv.op != "conv" && conv.op != "convBackwardFilter") || conv.inputs[0] != image) return;
      const int channels = channelsOf(reader);
      if (normalizeAxis(whole.op, whole.attrs.integer("axis"), rank(image)) != channels) return;
      conv.attrs.set("concatChannels", sizes(whole.inputs, channels));
      conv.inputs[0] = whole.inputs[0];
      conv.inputs.insert(conv.inputs.end(), whole.inputs.begin() + 1, whole.inputs.end());
      if (!backend_.supports(ir_.spec(conv))) return;
    }
    for (size_t i = 0; i < readers.size(); ++i) ir_.put(readers[i], fused[i]);
  }

  // convBackwardData whose channels are sliced into parts, as the gradient of concatenate does: it writes
  // those.
  void giveSlices(NodeId n) {
    IrNode fused = ir_.nodes[n];
    const ValueId image = fused.outputs[0];
    const int channels = channelsOf(n);
    std::vector<NodeId> readers = ir_.readers(image);
    if (readers.size() < 2 || readers.size() != ir_.uses(image)) return;
    for (NodeId reader : readers)
      if (node(reader).op != "slice") return;
    const auto along = [&](NodeId reader, int axis) {
      return sliceOf("slice", node(reader).attrs, ir_.type(image).shape)[axis];
    };
    std::sort(readers.begin(), readers.end(),
              [&](NodeId a, NodeId b) { return along(a, channels).begin < along(b, channels).begin; });
    std::vector<ValueId> parts;
    int64_t end = 0;
    for (NodeId reader : readers) {
      for (int axis = 0; axis < static_cast<int>(rank(image)); ++axis) {
        const SliceAxis slice = along(reader, axis);
        const bool whole = slice.count == ir_.type(image).shape[axis];
        if (slice.stride != 1 || (axis != channels && !whole)) return;
      }
      if (along(reader, channels).begin != end) return;
      end += along(reader, channels).count;
      parts.push_back(node(reader).outputs[0]);
    }
    if (end != ir_.type(image).shape[channels]) return;
    fused.outputs = parts;
    fused.attrs.set("concatChannels", sizes(parts, channels));
    if (!backend_.supports(ir_.spec(fused))) return;
    for (NodeId reader : readers) ir_.put(reader, {});
    ir_.put(n, fused);
  }

  Dims sizes(const std::vector<ValueId>& values, int axis) const {
    Dims sizes;
    for (ValueId value : values) sizes.push_back(ir_.type(value).shape[axis]);
    return sizes;
  }

  Ir& ir_;
  const Backend& backend_;
};

}  // namespace

void fuseConvolutions(Ir& ir, const Backend& backend) { ConvFusion(ir, backend).run(); }

}  // namespace nodegrad::plan
