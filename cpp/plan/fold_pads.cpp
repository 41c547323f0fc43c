#include <algorithm>
#include <optional>

#include "core/slice.h"
#include "core/window.h"
#include "plan/match.h"

namespace nodegrad::plan {

namespace {

// Rows, columns and the like around an image: before and after along each spatial axis.
using Margins = Dims;

// Zeros around an image become pads of the windows that read it, and what is cut off a gradient pads of the
// windows that make it: neither the larger image nor the larger gradient is ever in memory.
class PadFolding {
 public:
  explicit PadFolding(Ir& ir) : ir_(ir) {}

  bool run() {
    bool changed = false;
    for (NodeId n : ir_.nodes.ids()) {
      const std::string op = ir_.nodes[n].op;
      if (op == "pad" || op == "sliceBackward") changed |= foldPad(IrNode(ir_.nodes[n]));
      if (op == "convBackwardData") changed |= foldCrop(n);
    }
    if (changed) ir_.sweepAndSort();
    return changed;
  }

 private:
  // Of a pad or slice over the images of a node's dataFormat; nothing where it touches samples or channels.
  static std::optional<Margins> marginsOf(const Dims& before, const Dims& after, const IrNode& windows) {
    const ImageAxes axes = imageAxes(windows.op, windows.attrs, before.size());
    for (int axis : {axes.n, axes.c})
      if (before[axis] != 0 || after[axis] != 0) return std::nullopt;
    Margins margins;
    for (int i = 0; i < axes.spatial; ++i) {
      margins.push_back(before[static_cast<size_t>(axes.first + i)]);
      margins.push_back(after[static_cast<size_t>(axes.first + i)]);
    }
    return margins;
  }

  // What a pad, or the gradient of a slice, puts around an image.
  std::optional<Margins> padded(const IrNode& pad, const IrNode& windows) const {
    if (pad.op == "sliceBackward") return outside(pad, ir_.type(pad.outputs[0]).shape, windows);
    const Dims& paddings = pad.attrs.integers("paddings");
    Dims before, after;
    for (size_t i = 0; i < paddings.size(); i += 2) {
      before.push_back(paddings[i]);
      after.push_back(paddings[i + 1]);
    }
    return marginsOf(before, after, windows);
  }

  // What the only reader of a gradient leaves of it; nothing unless that is a slice.
  std::optional<Margins> cropped(const IrNode& windows) const {
    const NodeId reader = ir_.soleReader(windows.outputs[0]);
    if (!reader || ir_.nodes[reader].op != "slice") return std::nullopt;
    return outside(ir_.nodes[reader], ir_.type(windows.outputs[0]).shape, windows);
  }

  // What a slice leaves out of the whole.
  static std::optional<Margins> outside(const IrNode& slice, const Dims& whole, const IrNode& windows) {
    Dims before, after;
    for (const SliceAxis& axis : sliceOf(slice.op, slice.attrs, whole)) {
      if (axis.stride != 1) return std::nullopt;
      after.push_back(whole[before.size()] - axis.begin - axis.count);
      before.push_back(axis.begin);
    }
    return marginsOf(before, after, windows);
  }

  // The windows' attributes with further pads. Kernels want some of the image in each window.
  std::optional<Attrs> widened(const IrNode& node, const TensorType& image, const TensorType* kernel,
                               const Margins& margins) const {
    const Dims sides = imageAxes(node.op, node.attrs, image.shape.size()).spatialOf(image.shape);
    const Window window =
        kernel ? convWindow(node.op, node.attrs, sides, Dims(kernel->shape.begin(), kernel->shape.end() - 2))
               : poolWindow(node.op, node.attrs, sides);
    Dims pads;
    for (size_t i = 0; i < margins.size(); ++i) {
      pads.push_back(window.pads[i] + margins[i]);
      if (pads.back() >= window.extent(static_cast<int>(i / 2))) return std::nullopt;
    }
    Attrs attrs = node.attrs;
    attrs.set("padding", std::string("explicit"));
    attrs.set("pads", pads);
    return attrs;
  }

  bool foldPad(const IrNode& pad) {
    if (pad.op == "pad" && pad.attrs.number("value") != 0) return false;
    const ValueId image = pad.outputs[0];
    const std::vector<NodeId> readers = ir_.readers(image);
    if (readers.empty() || readers.size() != ir_.uses(image)) return false;
    std::vector<Attrs> attrs;
    for (NodeId reader : readers) {
      const IrNode& node = ir_.nodes[reader];
      const bool filter = node.op == "convBackwardFilter", pool = node.op == "maxPool";
      if (!filter && !pool && node.op != "conv") return false;
      if (node.inputs[0] != image || (!pool && node.inputs[1] == image)) return false;
      const std::optional<Margins> margins = padded(pad, node);
      if (!margins || (pool && !ignoresZeros(node, pad.inputs[0], *margins))) return false;
      const TensorType* kernel = pool ? nullptr : &ir_.type(filter ? node.outputs[0] : node.inputs[1]);
      const std::optional<Attrs> wide = widened(node, ir_.type(image), kernel, *margins);
      if (!wide) return false;
      attrs.push_back(*wide);
    }
    for (size_t i = 0; i < readers.size(); ++i) {
      IrNode node = ir_.nodes[readers[i]];
      node.inputs[0] = pad.inputs[0];
      node.attrs = attrs[i];
      ir_.put(readers[i], node);
      if (node.op != "maxPool") continue;
      const std::vector<NodeId> gradients = ir_.readers(node.outputs[1]);
      for (NodeId backward : gradients) takeCrop(backward, attrs[i]);
    }
    return true;
  }

  // Whether a max-pooling gives the same without zeros around what a ReLU gave. A maximum of zero may then be
  // found at another position, so its gradient has to be cut to the image and to go through that ReLU's mask,
  // which drops it there.
  bool ignoresZeros(const IrNode& pool, ValueId image, const Margins& margins) const {
    const IrNode* relu = ir_.producer(image);
    if (!relu || relu->op != "relu") return false;
    const ValueId argmax = pool.outputs[1];
    const std::vector<NodeId>& readers = ir_.readers(argmax);
    if (readers.size() != ir_.uses(argmax)) return false;
    return std::all_of(readers.begin(), readers.end(), [&](NodeId reader) {
      const IrNode& backward = ir_.nodes[reader];
      if (backward.op != "maxPoolBackward" || !(backward.attrs == pool.attrs) || cropped(backward) != margins)
        return false;
      const NodeId mask = ir_.soleReader(cutOf(backward).outputs[0]);
      if (!mask) return false;
      const auto found = reluMask(ir_, ir_.nodes[mask]);
      return found && found->y == image && found->gradient == cutOf(backward).outputs[0];
    });
  }

  const IrNode& cutOf(const IrNode& windows) const { return ir_.nodes[ir_.soleReader(windows.outputs[0])]; }

  bool foldCrop(NodeId n) {
    const IrNode& node = ir_.nodes[n];
    const std::optional<Margins> margins = cropped(node);
    if (!margins) return false;
    const std::optional<Attrs> wide =
        widened(node, ir_.type(node.outputs[0]), &ir_.type(node.inputs[0]), *margins);
    if (!wide) return false;
    takeCrop(n, *wide);
    return true;
  }

  // The node gives what its only reader, a slice, gave.
  void takeCrop(NodeId n, const Attrs& attrs) {
    IrNode node = ir_.nodes[n];
    const NodeId cut = ir_.soleReader(node.outputs[0]);
    node.attrs = attrs;
    node.outputs[0] = ir_.nodes[cut].outputs[0];
    ir_.put(cut, {});
    ir_.put(n, node);
  }

  Ir& ir_;
};

}  // namespace

bool foldPads(Ir& ir) { return PadFolding(ir).run(); }

}  // namespace nodegrad::plan
