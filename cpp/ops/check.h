#pragma once
#include <initializer_list>
#include <string>
#include <vector>

#include "graph/op.h"

// What the ops' inferences share. Every failure begins with "[op]".
namespace nodegrad {

// Input i, called name in the message, whose dtype has to be one of dtypes (none given: any).
const TensorType& inputOf(const InferContext& context, size_t i, const char* name,
                          std::initializer_list<DType> dtypes = {});
// The same, of one rank.
const TensorType& inputOfRank(const InferContext& context, size_t i, const char* name,
                              std::initializer_list<DType> dtypes, size_t rank);
// The same, an image or kernel of float32: of rank 3 to 5, or of the rank of image.
const TensorType& imageOf(const InferContext& context, size_t i, const char* name);
const TensorType& imageOf(const InferContext& context, size_t i, const char* name, const TensorType& image);
// How a kernel's shape begins, for messages: "[kh, kw".
const char* kernelForm(int spatial);
// Fails where two inputs' dtypes differ.
void expectSameDType(const InferContext& context, const TensorType& a, const TensorType& b);

// Whether two shapes may be the same once their dynamic dimensions are known.
bool mayEqual(const Dims& a, const Dims& b);
// Fails where a shape cannot be the expected one.
void expectShape(const InferContext& context, const char* name, const Dims& received, const Dims& expected);
// Fails where from does not broadcast to exactly to.
void expectBroadcastsTo(const InferContext& context, const Dims& from, const Dims& to);
// Fails where a dimension of the attribute 'shape' is below least (-1 allows kDynamic).
const Dims& shapeAttribute(const InferContext& context, int64_t least);
// The value of an integer attribute that is at least least.
int64_t integerAtLeast(const InferContext& context, const char* attr, int64_t least);

}  // namespace nodegrad
