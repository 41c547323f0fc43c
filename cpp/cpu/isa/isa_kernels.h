#pragma once
#include <cstddef>
#include <cstdint>

#include "cpu/conv/samples_kernels.h"
#include "cpu/conv/winograd/kernels.h"
#include "cpu/rnn/kernels.h"

// The inner loops that are compiled once per instruction set, as tables of functions. Only declarations and
// plain data here: an inline function of a shared header would be compiled for every level, and the linker
// keeps one of them for all.
namespace nodegrad {

// One step of an element-wise chain on a tile of n elements of 4 bytes each. It may touch up to kTilePadding
// - 1 elements past n, and out may be one of the arguments.
using StepFunction = void (*)(void* out, const void* const* args, const float* params, int64_t n);
constexpr int64_t kTilePadding = 16;

enum class StepKind : uint8_t {
  Float,
  Integer
};  // what the arguments hold; a bool or u8 is a float in a chain

struct StepRow {
  const char* op;  // of the registry; a cast carries the result's dtype: "cast:int32"
  StepKind kind;
  StepFunction run;
  const char* attr;  // whose number becomes params[0], or null
};

struct ElementwiseKernels {
  const StepRow* rows;
  size_t count;
  // Between the memory of a bool or u8 tensor and the registers of a chain. They touch n elements exactly.
  void (*floatsFromBytes)(float* out, const uint8_t* in, int64_t n);
  void (*bytesFromFloats)(uint8_t* out, const float* in, int64_t n);
  // The same for bfloat16, whose bits these are; rounded to nearest, ties to even.
  void (*floatsFromBfloat16)(float* out, const uint16_t* in, int64_t n);
  void (*bfloat16FromFloats)(uint16_t* out, const float* in, int64_t n);
};

// Fill out[0 … n) with the numbers of the row-major indices start …, by the convention of core/philox.h.
struct RandomKey {
  uint32_t seed, salt, step;
};
struct RandomKernels {
  void (*uniform)(float* out, int64_t start, int64_t n, RandomKey key, float low, float high);
  void (*normal)(float* out, int64_t start, int64_t n, RandomKey key, float mean, float deviation);
  void (*truncatedNormal)(float* out, int64_t start, int64_t n, RandomKey key, float mean, float deviation);
};

// One step of an optimizer on the places [begin, end): in holds the weight, its gradient and the slots; out
// the new weight and slots, which may lie where the old ones did. Zeros stay zeros.
struct UpdateNumbers {
  float rate;  // the learning rate, or what takes its place (Adam's with its bias corrections)
  float keep;  // what weight decay leaves of the weight: 1 - lr · weightDecay
  float first, second, third;  // the op's own
};
using UpdateFunction = void (*)(const float* const* in, float* const* out, const UpdateNumbers& numbers,
                                int64_t begin, int64_t end);
struct OptimizerKernels {
  UpdateFunction sgd, momentum, nesterov, rmsprop, rmspropCentered, adam, adamAmsgrad, adadelta;
  bool (*allZero)(const float* x, int64_t n);  // every bit: -0 is none
};

// A reduction accumulates in doubles what it reduces in floats a few thousand elements at a time, so that
// long sums stay exact.
template <class T>  // float or the bits of bfloat16
struct ReduceLoops {
  void (*row)(double* total, const T* x, int64_t n);  // all of n neighbours into one
  // Each of n neighbouring columns on its own, over rows that are stride apart.
  void (*columns)(double* totals, const T* x, int64_t rows, int64_t stride, int64_t n);
};
struct ReduceRow {
  const char* op;
  double start;
  ReduceLoops<float> floats;
  ReduceLoops<uint16_t> halves;
  void (*combine)(double* totals, const double* others, int64_t n);
};
struct ReduceKernels {
  const ReduceRow* rows;
  size_t count;
  // The place of the first largest (smallest) of n, that are stride apart, for each of `columns` neighbours.
  void (*argMax)(int32_t* out, const float* x, int64_t n, int64_t stride, int64_t columns);
  void (*argMin)(int32_t* out, const float* x, int64_t n, int64_t stride, int64_t columns);
};

// Along rows of n neighbours, or along n elements that are stride apart for each of `columns` neighbours. y
// may be x.
struct SoftmaxKernels {
  void (*softmaxRow)(float* y, const float* x, int64_t n);
  void (*logSoftmaxRow)(float* y, const float* x, int64_t n);
  void (*softmaxColumns)(float* y, const float* x, int64_t n, int64_t stride, int64_t columns);
  void (*logSoftmaxColumns)(float* y, const float* x, int64_t n, int64_t stride, int64_t columns);
  // -Σ labels · logSoftmax(x) and -logSoftmax(x)[label].
  float (*crossEntropyRow)(const float* x, const float* labels, int64_t n);
  float (*sparseCrossEntropyRow)(const float* x, int64_t label, int64_t n);
};

struct GatherKernels {
  void (*addRow)(float* to, const float* from, int64_t n);
  void (*addBfloat16Row)(float* to, const uint16_t* from, int64_t n);
};

// The geometry of pooling over images [depth, height, width, channels], channels contiguous.
struct Span {
  int32_t begin, end;
};
// One spatial dimension of it.
struct PoolAxis {
  int64_t size, out;            // of the input, of the output
  int64_t kernel, stride, pad;  // pad: at the front
  const Span* held;             // the inputs that the windows of an output hold
  const Span* holders;          // the outputs whose windows hold an input
};
struct PoolShape {
  PoolAxis depth, height, width;
  int64_t channels;
  bool byteIndices;  // u8, else i32
  bool divide;       // averages, else sums
};
// Each makes one row (of y, or of dx) of one image, whose numbers are float or the bits of bfloat16. Rows are
// counted through all planes.
template <class T>
struct PoolKernels {
  void (*max)(const PoolShape& shape, const T* x, T* y, void* indices, int64_t outRow);
  void (*maxBackward)(const PoolShape& shape, const T* dy, const void* indices, T* dx, int64_t row);
  void (*maxGather)(const PoolShape& shape, const T* g, const void* indices, T* y, int64_t outRow);
  void (*average)(const PoolShape& shape, const T* x, T* y, int64_t outRow);
  void (*averageBackward)(const PoolShape& shape, const T* dy, T* dx, int64_t row);
};

// Batch normalization goes over runs of neighbours in which the channels repeat: what belongs to the channels
// is spread over `period` places, a multiple of NormKernels::period and of the channels in a row.
struct NormMoments {
  double *count, *mean, *squares;  // squares: of the distances from the mean, added up
  float* scratch;                  // three periods
};
struct NormColumns {
  const float *mean, *scale, *shift;  // of (x - mean) · scale + shift
};
template <class T>
struct NormGradient {
  const T *dy, *x;
  const T* y;  // the output behind the ReLU; null: the ReLU's mask comes from x
  NormColumns columns;
  bool relu;
  const T* more = nullptr;  // of the sums alone: another gradient, which is added to dy
};
// The numbers of tensors of the image's shape are float or the bits of bfloat16.
template <class T>
struct NormKernels {
  int64_t period;
  // Merges n numbers into the moments.
  void (*moments)(const NormMoments& into, const T* x, int64_t n, int64_t period);
  // y = (x - mean) · scale + shift, plus residual unless null, and ReLU; y may be x or residual.
  void (*normalize)(const NormColumns& columns, const T* x, const T* residual, bool relu, T* y, int64_t n,
                    int64_t period);
  // Adds dy and dy · (x - mean), masked by the ReLU, to the sums; masked, unless null, gets the masked dy.
  // scratch: two periods.
  void (*gradientSums)(const NormGradient<T>& in, T* masked, double* sum, double* product, float* scratch,
                       int64_t n, int64_t period);
  // dx = dy · scale - offset - (x - mean) · slope.
  void (*gradient)(const NormGradient<T>& in, const float* offset, const float* slope, T* dx, int64_t n,
                   int64_t period);
  // One row of a max-pooled y, the places of the largest, and their x.
  void (*maxPool)(const PoolShape& shape, const NormColumns& columns, const T* x, bool relu, T* y,
                  void* indices, T* largest, int64_t outRow);
  // One row of dx, from the whole pooled dy and x's row.
  void (*maxPoolGradient)(const PoolShape& shape, const NormGradient<T>& in, const void* indices,
                          const float* offset, const float* slope, T* dx, int64_t row);
};

// Layer normalization, a row of n numbers at a time, float or the bits of bfloat16.
struct LayerNormRow {
  int64_t n;
  float epsilon;  // added to the variance
};
template <class T>
struct LayerNormKernels {
  // Statistics and result; y may be x.
  void (*forward)(const LayerNormRow& row, const T* x, const float* gamma, const float* beta, T* y,
                  float* mean, float* variance);
  // dx, which may be dy or x; what the row gives to dgamma and dbeta is added to them.
  void (*backward)(const LayerNormRow& row, const T* dy, const T* x, const float* gamma, float mean,
                   float variance, T* dx, float* dgamma, float* dbeta);
};

// Below it no sum of products of as many numbers as fit into memory gets near float32's largest.
constexpr float kModerate = 1e15f;

template <class T>
struct ReluKernels {
  void (*relu)(T* y, int64_t n);  // in place; NaN stays NaN
  // Whether all are at most kModerate away from 0.
  bool (*isModerate)(const T* x, int64_t n);
};

// Householder's reflections of rows from the right, kReflections at a time. Their product, the first one
// first, is I - Vᵀ T V, with a vector in each row of V. Rows are `stride` floats apart; `length` of them
// count, a multiple of kReflections.
constexpr int64_t kReflections = 32;
struct HouseholderKernels {
  // Reflects row i of kReflections rows onto the first i + 1 places, and makes the vectors V of the rows. t:
  // T, [kReflections, kReflections]. signs: those of place i of row i.
  void (*factor)(float* rows, int64_t stride, int64_t length, float* t, float* signs);
  // rows -= rows Vᵀ T V, for `count` rows, a multiple of 4.
  void (*apply)(float* rows, int64_t count, const float* vectors, const float* t, int64_t stride,
                int64_t length);
};

struct IsaKernels {
  const char* name;
  const ElementwiseKernels* elementwise;
  const RandomKernels* random;
  const OptimizerKernels* optimizer;
  const ReduceKernels* reduce;
  const SoftmaxKernels* softmax;
  const GatherKernels* gather;
  const PoolKernels<float>* pool;
  const PoolKernels<uint16_t>* poolBfloat16;
  const WinogradKernels* winograd;
  const SampleConvKernels* sampleConv;
  const NormKernels<float>* norm;
  const NormKernels<uint16_t>* normBfloat16;
  const LayerNormKernels<float>* layerNorm;
  const LayerNormKernels<uint16_t>* layerNormBfloat16;
  const RnnKernels<float>* rnn;
  const ReluKernels<float>* relu;
  const ReluKernels<uint16_t>* reluBfloat16;
  const HouseholderKernels* householder;
};

// Those that multiply bfloat16, twice: for AVX-512, and with AVX512-BF16's dot product.
struct Bfloat16Kernels {
  const char* name;
  const WinogradKernels* winograd;
  const RnnKernels<uint16_t>* rnn;
};

namespace isa_base {
const IsaKernels& kernels();
}
namespace isa_avx2 {
const IsaKernels& kernels();
}
namespace isa_avx512 {
const IsaKernels& kernels();
const Bfloat16Kernels& bfloat16Kernels();
}  // namespace isa_avx512
namespace isa_avx512_bf16 {
const Bfloat16Kernels& bfloat16Kernels();
}

}  // namespace nodegrad
