#include "core/slice.h"

#include <algorithm>
#include <cstdlib>
#include <limits>

namespace nodegrad {

namespace {

// An index counted from the front; one outside the axis becomes the one just before it or after it.
int64_t clampIndex(int64_t given, int64_t size, bool backwards) {
  const int64_t least = backwards ? -1 : 0;
  return std::clamp<int64_t>(given < 0 ? given + size : given, least, size + least);
}

void checkLength(const std::string& op, const char* attr, const std::vector<int64_t>& given,
                 const Dims& shape) {
  if (given.size() != shape.size())
    fail(ErrorCode::Attribute, "[", op, "] expected one '", attr, "' for each of the ", shape.size(),
         " axes of ", toString(shape), ", received ", toString(Attr(given)));
}

}  // namespace

std::vector<SliceAxis> sliceOf(const std::string& op, const Attrs& attrs, const Dims& shape) {
  const std::vector<int64_t>& begin = attrs.integers("begin");
  const std::vector<int64_t>& end = attrs.integers("end");
  const std::vector<int64_t>& strides = attrs.integers("strides");
  checkLength(op, "begin", begin, shape);
  checkLength(op, "end", end, shape);
  if (!strides.empty()) checkLength(op, "strides", strides, shape);
  std::vector<SliceAxis> axes;
  for (size_t i = 0; i < shape.size(); ++i) {
    const int64_t stride = strides.empty() ? 1 : strides[i];
    if (stride == 0 || stride == std::numeric_limits<int64_t>::min())
      fail(ErrorCode::Attribute, "[", op, "] expected 'strides' other than 0 and -Infinity, received ",
           toString(Attr(strides)));
    if (shape[i] == kDynamic) {
      axes.push_back({0, kDynamic, stride});
      continue;
    }
    const bool backwards = stride < 0;
    const int64_t first = clampIndex(begin[i], shape[i], backwards);
    const int64_t last = clampIndex(end[i], shape[i], backwards);
    const int64_t reach = std::max<int64_t>(backwards ? first - last : last - first, 0);
    const int64_t count = reach / std::abs(stride) + (reach % stride != 0);
    axes.push_back({count ? first : 0, count, stride});
  }
  return axes;
}

}  // namespace nodegrad
