#pragma once
#include <string>
#include <utility>

#include "core/attrs.h"
#include "core/shape.h"

namespace nodegrad::testing {

// A convolution of `in` to `out` channels, by its name in tests.
struct ConvShape {
  std::string name;
  int64_t n;
  Dims image;
  int64_t in;
  Dims kernel;
  int64_t out;
  Attrs attrs = {};
};

// Attributes of an explicit padding.
inline Attrs padded(Dims pads) { return {{"padding", std::string("explicit")}, {"pads", std::move(pads)}}; }

}  // namespace nodegrad::testing
