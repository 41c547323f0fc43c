#pragma once
#include <oneapi/dnnl/dnnl.hpp>
#include <optional>
#include <string>
#include <vector>

#include "backend.h"
#include "cpu/memory/cpu_layout.h"

// What the kernels on oneDNN share.
namespace nodegrad::onednn {

using Desc = dnnl::memory::desc;
using Tag = dnnl::memory::format_tag;

// The one engine and stream. The instruction set that NODEGRAD_ISA allows is set before the first use.
const dnnl::engine& engine();
dnnl::stream& stream();

dnnl::memory::data_type dataType(DType dtype);

// A layout of the CPU: a geometry and, where oneDNN made it, the descriptor over the dimensions of
// geometry().shape.
class CpuLayout : public Layout {
 public:
  CpuLayout(DType dtype, Geometry geometry) : dtype_(dtype), geometry_(std::move(geometry)) {}
  explicit CpuLayout(const Desc& desc);

  size_t bytes() const override;
  bool equals(const Layout& other) const override;
  std::string name() const override;

  DType dtype() const { return dtype_; }
  const Geometry& geometry() const { return geometry_; }
  const std::optional<Desc>& desc() const { return desc_; }

 private:
  DType dtype_;
  Geometry geometry_;
  std::optional<Desc> desc_;
};

Geometry geometryOf(const Desc& desc);
Geometry rowMajorGeometry(const Dims& shape);
// The same memory seen without inner blocks: a blocked dimension becomes two: the block's index, and the
// index inside the block. Not for padded ones.
Geometry withoutBlocks(const Geometry& geometry);
// Whether blocks leave room for elements that the tensor does not have.
bool isPadded(const Geometry& geometry);

// Where oneDNN's dimensions of an image, n, c and the spatial ones, are among the axes.
std::vector<int> imageOrder(const ImageAxes& axes);
// Its tags for images of a rank: in blocks of 4, 8 or 16 channels, or without.
Tag channelBlocksTag(size_t rank, int64_t block);
Tag channelsLastTag(size_t rank);
Tag channelsFirstTag(size_t rank);

// The layout of a descriptor over the logical dimensions or a row-major view of them; null where it is
// row-major.
LayoutPtr layoutOf(const Desc& desc);
LayoutPtr layoutOf(DType dtype, const Geometry& geometry);
// The descriptor of a tensor over a row-major view of its shape; nothing where the layout is no descriptor
// over that view.
std::optional<Desc> descOf(const TensorType& type, const LayoutPtr& layout, const Dims& view);
Desc rowMajorDesc(DType dtype, const Dims& shape);
// Where a permutation that says where each dimension goes takes them from.
std::vector<int> inverse(const std::vector<int>& permutation);

// Turns a failure of oneDNN into an Error that names the op.
[[noreturn]] void raise(const std::string& op, dnnl_status_t status);
template <class Body>
decltype(auto) translated(const std::string& op, Body&& body) {
  try {
    return body();
  } catch (const dnnl::error& error) {
    raise(op, error.status);
  }
}

// The post-op of a fused activation: "linear" (none), "relu", "tanh", "sigmoid", "elu" (alpha 1) or "gelu"
// (with erf); absent is linear.
// addend: of a tensor that is added before it; zero: none.
dnnl::primitive_attr attributes(const std::string& op, const Attrs& attrs, const Desc& addend = {});

// A kernel that is one oneDNN primitive. All descriptors are known beforehand, so that a run only points its
// memories at the tensors.
class PrimitiveKernel : public Kernel {
 public:
  // pd: with the scratchpad in the user's hands.
  PrimitiveKernel(std::string op, const dnnl::primitive_desc_base& pd);
  // Says which tensor is which argument (DNNL_ARG_…).
  void bindInput(int argument, size_t index, const Desc& desc) { bind(inputs_, argument, index, desc); }
  void bindOutput(int argument, size_t index, const Desc& desc) { bind(outputs_, argument, index, desc); }

  // Gives it a number that is the same in every run: a scale.
  void bindNumber(int argument, float number);

  void run(const void* const* inputs, void* const* outputs, void* scratch) override;
  size_t scratchBytes() const override { return scratchBytes_; }
  std::string implementation() const override { return implementation_; }

 private:
  struct Binding {
    dnnl::memory memory;
    size_t index;
  };
  void bind(std::vector<Binding>& bindings, int argument, size_t index, const Desc& desc);

  std::string op_, implementation_;
  dnnl::primitive primitive_;
  std::vector<Binding> inputs_, outputs_;
  std::vector<dnnl::memory> numbers_;
  dnnl::memory scratchpad_;
  size_t scratchBytes_;
  std::vector<dnnl_exec_arg_t> arguments_;
};

// Fills its outputs with zeros: what is left of a sum over nothing. Without elements it does nothing at all.
std::unique_ptr<Kernel> zerosKernel(const KernelSpec& spec);

// Copies a tensor from one layout to another, perhaps to another dtype too.
std::unique_ptr<Kernel> reorderKernel(const TensorType& source, const LayoutPtr& from,
                                      const TensorType& target, const LayoutPtr& to);

}  // namespace nodegrad::onednn
