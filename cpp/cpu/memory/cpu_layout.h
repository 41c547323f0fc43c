#pragma once
#include <optional>
#include <utility>
#include <vector>

#include "core/layout.h"
#include "core/shape.h"
#include "core/window.h"

namespace nodegrad {

// The addresses of a blocked tensor's numbers, in elements. shape is the logical shape or, for weights of a
// grouped convolution or of a dense layer that follows a flattened image, a row-major view of it with more
// dimensions.
struct Geometry {
  Dims shape;
  Dims padded;                                  // shape rounded up to whole blocks
  Dims strides;                                 // of the outer (block) index of each dimension
  std::vector<std::pair<int, int64_t>> blocks;  // inner blocks, outermost first: (dimension, size)
  int64_t elements;                             // of memory, padding included
};

// Strides count only along dimensions with more than one (block) index.
bool sameGeometry(const Geometry& a, const Geometry& b);

// The geometry of a layout, row-major where it is null.
Geometry geometry(const TensorType& type, const LayoutPtr& layout);

// How many neighbours along a dimension are stored together.
int64_t blockOf(const Geometry& geometry, size_t dimension);

// The same order of dimensions and blocks for a tensor of another shape of that rank; none where it would not
// fill its blocks.
std::optional<Geometry> arrangedLike(const Geometry& model, const Dims& shape);

// The same arrangement for elements of another dtype: as a pooling's indices have that of its output.
LayoutPtr withDtype(const LayoutPtr& layout, DType dtype);

// An image tensor in blocks of samples: [n / lanes][c][h][w][lanes] for pictures. n is a multiple of lanes.
LayoutPtr sampleBlocks(const TensorType& type, const ImageAxes& axes, int64_t lanes);

}  // namespace nodegrad
