#include "ops/check.h"

#include <algorithm>

#include "core/window.h"

namespace nodegrad {

namespace {

bool mayEqual(int64_t a, int64_t b) { return a == b || a == kDynamic || b == kDynamic; }

}  // namespace

const TensorType& inputOf(const InferContext& context, size_t i, const char* name,
                          std::initializer_list<DType> dtypes) {
  const TensorType& type = context.inputs[i];
  if (dtypes.size() != 0 && std::find(dtypes.begin(), dtypes.end(), type.dtype) == dtypes.end()) {
    std::string known;
    for (DType dtype : dtypes) known += (known.empty() ? "" : " or ") + std::string(nodegrad::name(dtype));
    fail(ErrorCode::Dtype, "[", context.op, "] expected ", known, " for ", name, ", received ",
         toString(type), "; use cast");
  }
  return type;
}

const TensorType& inputOfRank(const InferContext& context, size_t i, const char* name,
                              std::initializer_list<DType> dtypes, size_t rank) {
  const TensorType& type = inputOf(context, i, name, dtypes);
  if (type.shape.size() != rank)
    fail(ErrorCode::Shape, "[", context.op, "] expected ", name, " of rank ", rank, ", received ",
         toString(type));
  return type;
}

const TensorType& imageOf(const InferContext& context, size_t i, const char* name) {
  const TensorType& type = inputOf(context, i, name, {DType::F32});
  if (type.shape.size() < 3 || type.shape.size() > 2 + kMostSpatial)
    fail(ErrorCode::Shape, "[", context.op, "] expected ", name,
         " of rank 3 (a sequence), 4 (a picture) or 5 (a volume), received ", toString(type));
  return type;
}

const TensorType& imageOf(const InferContext& context, size_t i, const char* name, const TensorType& image) {
  return inputOfRank(context, i, name, {DType::F32}, image.shape.size());
}

const char* kernelForm(int spatial) {
  static const char* const forms[] = {"[", "[k", "[kh, kw", "[kd, kh, kw"};
  return forms[spatial];
}

void expectSameDType(const InferContext& context, const TensorType& a, const TensorType& b) {
  if (a.dtype != b.dtype)
    fail(ErrorCode::Dtype, "[", context.op, "] expected inputs of one dtype, received ", toString(a), " and ",
         toString(b), "; use cast");
}

bool mayEqual(const Dims& a, const Dims& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](int64_t x, int64_t y) { return mayEqual(x, y); });
}

void expectShape(const InferContext& context, const char* name, const Dims& received, const Dims& expected) {
  if (!mayEqual(received, expected))
    fail(ErrorCode::Shape, "[", context.op, "] expected ", name, " of shape ", toString(expected),
         ", received ", toString(received));
}

void expectBroadcastsTo(const InferContext& context, const Dims& from, const Dims& to) {
  bool fits = from.size() <= to.size();
  for (size_t i = 0; fits && i < from.size(); ++i) {
    const int64_t dim = from[from.size() - 1 - i];
    fits = dim == 1 || mayEqual(dim, to[to.size() - 1 - i]);
  }
  if (!fits)
    fail(ErrorCode::Shape, "[", context.op, "] expected a shape that broadcasts to ", toString(to),
         ", received ", toString(from));
}

const Dims& shapeAttribute(const InferContext& context, int64_t least) {
  const Dims& shape = context.attrs.integers("shape");
  for (int64_t dim : shape)
    if (dim < least)
      fail(ErrorCode::Attribute, "[", context.op, "] expected dimensions of at least ", least,
           " in 'shape', received ", toString(Attr(shape)));
  return shape;
}

int64_t integerAtLeast(const InferContext& context, const char* attr, int64_t least) {
  const int64_t value = context.attrs.integer(attr);
  if (value < least)
    fail(ErrorCode::Attribute, "[", context.op, "] expected '", attr, "' of at least ", least, ", received ",
         value);
  return value;
}

}  // namespace nodegrad
