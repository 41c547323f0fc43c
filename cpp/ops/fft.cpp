#include "ops/check.h"
#include "ops/expr.h"

// The discrete Fourier transform along the last axis, of complex numbers in two tensors: real and imaginary
// parts. Neither direction divides by the length.
namespace nodegrad {

namespace {

std::vector<TensorType> inferFft(const InferContext& context) {
  const TensorType& real = inputOf(context, 0, "the real part", {DType::F32});
  const TensorType& imaginary = inputOf(context, 1, "the imaginary part", {DType::F32});
  expectShape(context, "the imaginary part", imaginary.shape, real.shape);
  if (real.shape.empty() || real.shape.back() == 0)
    fail(ErrorCode::Shape, "[fft] expected at least one number along the last axis, received ",
         toString(real));
  return {real, imaginary};
}

// The transform is linear, and its conjugate transpose is the other direction.
std::vector<Value> fftGradient(const GradientContext& context) {
  Graph& graph = context.graph;
  std::vector<Value> gradients = context.gradients;
  for (size_t i = 0; i < 2; ++i)
    if (gradients[i] == kNone)
      gradients[i] = graph.one("broadcastLike", {graph.constant(0), context.outputs[i]});
  return graph.op("fft", gradients, {{"inverse", !context.attrs.boolean("inverse")}});
}

}  // namespace

const OpFamily family([] {
  OpDef def;
  def.name = "fft";
  def.minInputs = def.maxInputs = 2;
  def.attrs = {{"inverse", AttrKind::Boolean, false}};
  def.infer = inferFft;
  def.gradient = fftGradient;
  registerOp(def);
});

}  // namespace nodegrad
