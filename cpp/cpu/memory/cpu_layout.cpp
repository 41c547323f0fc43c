#include "cpu/memory/cpu_layout.h"

#include <algorithm>
#include <numeric>

#include "cpu/memory/onednn.h"

namespace nodegrad {

namespace {

bool isRowMajor(const Geometry& geometry) {
  if (count(geometry.shape) == 0) return true;
  return sameGeometry(geometry, onednn::rowMajorGeometry(geometry.shape));
}

const onednn::CpuLayout& cpuLayout(const LayoutPtr& layout) {
  const auto* known = dynamic_cast<const onednn::CpuLayout*>(layout.get());
  if (!known) fail(ErrorCode::Internal, "expected a layout with a geometry, received ", layout->name());
  return *known;
}

DType dtypeOf(dnnl::memory::data_type type) {
  switch (type) {
    case dnnl::memory::data_type::f32: return DType::F32;
    case dnnl::memory::data_type::bf16: return DType::BF16;
    case dnnl::memory::data_type::s32: return DType::I32;
    case dnnl::memory::data_type::u8: return DType::U8;
    default: fail(ErrorCode::Internal, "unknown oneDNN data type ", static_cast<int>(type));
  }
}

// The dimensions, from the slowest to the fastest outside of the blocks.
std::vector<size_t> outerOrder(const Geometry& geometry) {
  std::vector<size_t> order(geometry.shape.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return geometry.strides[a] > geometry.strides[b]; });
  return order;
}

}  // namespace

int64_t blockOf(const Geometry& geometry, size_t dimension) {
  int64_t size = 1;
  for (const auto& block : geometry.blocks)
    if (block.first == static_cast<int>(dimension)) size *= block.second;
  return size;
}

std::optional<Geometry> arrangedLike(const Geometry& model, const Dims& shape) {
  if (shape.size() != model.shape.size()) return std::nullopt;
  Geometry geometry{shape, shape, Dims(shape.size()), model.blocks, count(shape)};
  int64_t stride = 1;
  for (const auto& block : model.blocks) stride *= block.second;
  const std::vector<size_t> order = outerOrder(model);
  for (size_t i = order.size(); i-- > 0;) {
    const size_t d = order[i];
    if (shape[d] % blockOf(model, d) != 0) return std::nullopt;
    geometry.strides[d] = stride;
    stride *= shape[d] / blockOf(model, d);
  }
  return geometry;
}

bool sameGeometry(const Geometry& a, const Geometry& b) {
  if (a.shape != b.shape || a.padded != b.padded || a.blocks != b.blocks || a.elements != b.elements)
    return false;
  for (size_t d = 0; d < a.shape.size(); ++d)
    if (a.padded[d] > blockOf(a, d) && a.strides[d] != b.strides[d]) return false;
  return true;
}

Geometry geometry(const TensorType& type, const LayoutPtr& layout) {
  return layout ? cpuLayout(layout).geometry() : onednn::rowMajorGeometry(type.shape);
}

LayoutPtr withDtype(const LayoutPtr& layout, DType dtype) {
  if (!layout || cpuLayout(layout).dtype() == dtype) return layout;
  return onednn::layoutOf(dtype, cpuLayout(layout).geometry());
}

LayoutPtr sampleBlocks(const TensorType& type, const ImageAxes& axes, int64_t lanes) {
  Geometry result{type.shape, type.shape, Dims(axes.rank()), {{axes.n, lanes}}, count(type.shape)};
  const std::vector<int> order = onednn::imageOrder(axes);
  int64_t stride = lanes;
  for (size_t i = order.size(); i-- > 0;) {
    result.strides[static_cast<size_t>(order[i])] = stride;
    stride *= type.shape[static_cast<size_t>(order[i])];
  }
  return onednn::layoutOf(type.dtype, result);
}

namespace onednn {

Geometry rowMajorGeometry(const Dims& shape) {
  return {shape, shape, rowMajorStrides(shape), {}, count(shape)};
}

Geometry geometryOf(const Desc& desc) {
  Geometry geometry{desc.get_dims(), desc.get_padded_dims(), desc.get_strides(), {}, 0};
  const auto sizes = desc.get_inner_blks(), dimensions = desc.get_inner_idxs();
  for (size_t i = 0; i < sizes.size(); ++i)
    geometry.blocks.emplace_back(static_cast<int>(dimensions[i]), sizes[i]);
  geometry.elements =
      static_cast<int64_t>(desc.get_size() / dnnl::memory::data_type_size(desc.get_data_type()));
  return geometry;
}

Geometry withoutBlocks(const Geometry& geometry) {
  const auto& blocks = geometry.blocks;
  Dims inner(blocks.size());  // the stride of each block
  int64_t stride = 1;
  for (size_t b = blocks.size(); b-- > 0; stride *= blocks[b].second) inner[b] = stride;
  Geometry result{{}, {}, {}, {}, geometry.elements};
  for (size_t d = 0; d < geometry.shape.size(); ++d) {
    result.shape.push_back(geometry.shape[d] / blockOf(geometry, d));
    result.strides.push_back(geometry.strides[d]);
    for (size_t b = 0; b < blocks.size(); ++b) {
      if (blocks[b].first != static_cast<int>(d)) continue;
      result.shape.push_back(blocks[b].second);
      result.strides.push_back(inner[b]);
    }
  }
  result.padded = result.shape;
  return result;
}

bool isPadded(const Geometry& geometry) { return geometry.shape != geometry.padded; }

CpuLayout::CpuLayout(const Desc& desc)
    : dtype_(dtypeOf(desc.get_data_type())), geometry_(geometryOf(desc)), desc_(desc) {}

size_t CpuLayout::bytes() const { return static_cast<size_t>(geometry_.elements) * sizeOf(dtype_); }

bool CpuLayout::equals(const Layout& other) const {
  const auto* layout = dynamic_cast<const CpuLayout*>(&other);
  return layout && dtype_ == layout->dtype_ && sameGeometry(geometry_, layout->geometry_);
}

// oneDNN's notation over the dimensions a, b, c …: outer dimensions from the slowest to the fastest, upper
// case where they count blocks, then the blocks. NHWC in blocks of 16 channels is "aDbc16d".
std::string CpuLayout::name() const {
  std::string text;
  for (size_t d : outerOrder(geometry_))
    text += static_cast<char>((blockOf(geometry_, d) > 1 ? 'A' : 'a') + static_cast<char>(d));
  for (const auto& block : geometry_.blocks)
    text += std::to_string(block.second) + static_cast<char>('a' + block.first);
  return text;
}

std::vector<int> imageOrder(const ImageAxes& axes) {
  std::vector<int> order{axes.n, axes.c};
  for (int i = 0; i < axes.spatial; ++i) order.push_back(axes.first + i);
  return order;
}

Tag channelBlocksTag(size_t rank, int64_t block) {
  const auto of = [&](Tag sequence, Tag picture, Tag volume) {
    return rank == 3 ? sequence : rank == 4 ? picture : volume;
  };
  switch (block) {
    case 4: return of(Tag::nCw4c, Tag::nChw4c, Tag::nCdhw4c);
    case 8: return of(Tag::nCw8c, Tag::nChw8c, Tag::nCdhw8c);
    case 16: return of(Tag::nCw16c, Tag::nChw16c, Tag::nCdhw16c);
    default: fail(ErrorCode::Internal, "no images in blocks of ", block, " channels");
  }
}
Tag channelsLastTag(size_t rank) { return rank == 3 ? Tag::nwc : rank == 4 ? Tag::nhwc : Tag::ndhwc; }
Tag channelsFirstTag(size_t rank) { return rank == 3 ? Tag::ncw : rank == 4 ? Tag::nchw : Tag::ncdhw; }

LayoutPtr layoutOf(const Desc& desc) {
  return isRowMajor(geometryOf(desc)) ? nullptr : std::make_shared<CpuLayout>(desc);
}

namespace {

// oneDNN's words for an image in blocks of channels, which can be had for its own tags alone.
std::optional<Desc> imageDesc(DType dtype, const Geometry& g) {
  const size_t rank = g.shape.size();
  if (dtype == DType::Bool || rank < 3 || rank > 5 || g.blocks.size() != 1) return std::nullopt;
  std::vector<int> order;  // n, c, h, w by the strides
  Dims dims;
  for (size_t d : outerOrder(g)) {
    order.push_back(static_cast<int>(d));
    dims.push_back(g.shape[d]);
  }
  if (order[1] != g.blocks[0].first) return std::nullopt;
  for (int64_t size : {16, 8}) {
    if (g.blocks[0].second != size) continue;
    const Desc desc = Desc(dims, dataType(dtype), channelBlocksTag(rank, size)).permute_axes(order);
    if (sameGeometry(geometryOf(desc), g)) return desc;
  }
  return std::nullopt;
}

}  // namespace

LayoutPtr layoutOf(DType dtype, const Geometry& geometry) {
  if (isRowMajor(geometry)) return nullptr;
  const auto desc = imageDesc(dtype, geometry);
  return desc ? std::make_shared<CpuLayout>(*desc) : std::make_shared<CpuLayout>(dtype, geometry);
}

std::optional<Desc> descOf(const TensorType& type, const LayoutPtr& layout, const Dims& view) {
  if (!layout) return rowMajorDesc(type.dtype, view);
  const CpuLayout& cpu = cpuLayout(layout);
  if (cpu.geometry().shape != view || cpu.dtype() != type.dtype) return std::nullopt;
  return cpu.desc();
}

}  // namespace onednn

}  // namespace nodegrad
