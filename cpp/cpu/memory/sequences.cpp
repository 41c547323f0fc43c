#include "cpu/memory/sequences.h"

#include "core/window.h"
#include "cpu/memory/onednn.h"

namespace nodegrad {

namespace {

template <class T>
void insertAt(std::vector<T>& list, int index, T value) {
  list.insert(list.begin() + index, value);
}

// Where tensors of a node get the axis of the height: kernels [k, in, out] in front, images before their
// length. -1: tensors of another rank.
class HeightAxes {
 public:
  explicit HeightAxes(const KernelSpec& spec)
      : spec_(spec), image_(imageAxes(spec.op, spec.attrs, 3).first) {}

  int ofInput(size_t i) const {
    const bool kernel = (spec_.op == "conv" && i == 1) || (spec_.op == "convBackwardData" && i == 0);
    return of(spec_.inputs[i], kernel);
  }
  int ofOutput(size_t o) const { return of(spec_.outputs[o], spec_.op == "convBackwardFilter"); }

 private:
  int of(const TensorType& type, bool kernel) const {
    return type.shape.size() != 3 ? -1 : kernel ? 0 : image_;
  }

  const KernelSpec& spec_;
  int image_;
};

const onednn::CpuLayout& cpuLayout(const LayoutPtr& layout) {
  return dynamic_cast<const onednn::CpuLayout&>(*layout);
}

// oneDNN's descriptor of a kernel, which only it can make, goes with the layout. Images get theirs anew.
LayoutPtr withHeight(const LayoutPtr& layout, int axis) {
  if (!layout || axis < 0) return layout;
  const onednn::CpuLayout& cpu = cpuLayout(layout);
  Geometry g = cpu.geometry();
  insertAt(g.shape, axis, int64_t{1});
  if (axis == 0 && cpu.desc()) return onednn::layoutOf(cpu.desc()->reshape(g.shape));
  insertAt(g.padded, axis, int64_t{1});
  insertAt(g.strides, axis, g.strides[static_cast<size_t>(axis)]);
  for (auto& block : g.blocks) block.first += block.first >= axis ? 1 : 0;
  return onednn::layoutOf(cpu.dtype(), g);
}

LayoutPtr withoutHeight(const LayoutPtr& layout, int axis) {
  if (!layout || axis < 0) return layout;
  const onednn::CpuLayout& cpu = cpuLayout(layout);
  Geometry g = cpu.geometry();
  g.shape.erase(g.shape.begin() + axis);
  if (axis == 0 && cpu.desc()) return onednn::layoutOf(cpu.desc()->reshape(g.shape));
  g.padded.erase(g.padded.begin() + axis);
  g.strides.erase(g.strides.begin() + axis);
  for (auto& block : g.blocks) block.first -= block.first > axis ? 1 : 0;
  return onednn::layoutOf(cpu.dtype(), g);
}

Attrs withHeight(const Attrs& sequences) {
  Attrs attrs = sequences;
  const auto insert = [&](const char* name, const Dims& front) {
    if (!attrs.has(name) || attrs.integers(name).empty()) return;
    Dims list = front;
    list.insert(list.end(), attrs.integers(name).begin(), attrs.integers(name).end());
    attrs.set(name, list);
  };
  for (const char* name : {"strides", "dilations", "poolSize"}) insert(name, {1});
  insert("pads", {0, 0});
  // Of batch normalization: the channels are the last axis or, before the length, the second.
  if (attrs.has("axis") && attrs.integer("axis") == 2) attrs.set("axis", int64_t{3});
  return attrs;
}

}  // namespace

bool isOverSequences(const KernelSpec& spec) { return spec.inputs[0].shape.size() == 3; }

KernelSpec asPictures(const KernelSpec& spec) {
  const HeightAxes axes(spec);
  KernelSpec pictures = spec;
  pictures.attrs = withHeight(spec.attrs);
  const auto lift = [](int axis, TensorType& type, LayoutPtr& layout) {
    if (axis >= 0) insertAt(type.shape, axis, int64_t{1});
    layout = withHeight(layout, axis);
  };
  for (size_t i = 0; i < spec.inputs.size(); ++i)
    lift(axes.ofInput(i), pictures.inputs[i], pictures.inputLayouts[i]);
  for (size_t o = 0; o < spec.outputs.size(); ++o)
    lift(axes.ofOutput(o), pictures.outputs[o], pictures.outputLayouts[o]);
  return pictures;
}

LayoutChoice asSequences(const KernelSpec& spec, LayoutChoice pictures) {
  const HeightAxes axes(spec);
  for (size_t i = 0; i < pictures.inputs.size(); ++i)
    pictures.inputs[i] = withoutHeight(pictures.inputs[i], axes.ofInput(i));
  for (size_t o = 0; o < pictures.outputs.size(); ++o)
    pictures.outputs[o] = withoutHeight(pictures.outputs[o], axes.ofOutput(o));
  return pictures;
}

}  // namespace nodegrad
