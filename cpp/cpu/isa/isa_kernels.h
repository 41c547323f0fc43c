#pragma once
#include <cstdint>

// The inner loops that are compiled once per instruction set, as tables of functions: each family's in the
// kernels.h of its room. Only declarations and plain data there and here: an inline function of a shared
// header would be compiled for every level, and the linker keeps one of them for all.
namespace nodegrad {

struct ElementwiseKernels;
struct RandomKernels;
struct OptimizerKernels;
struct ReduceKernels;
struct SoftmaxKernels;
struct GatherKernels;
struct WarpKernels;
struct WinogradKernels;
struct SampleConvKernels;
struct FilterGradientKernels;
struct NarrowConvKernels;
struct HouseholderKernels;
struct SplitProductKernels;
struct QuantizeKernels;
struct TileGradientKernels;
struct TileNarrowKernels;
template <class T>
struct PoolKernels;
template <class T>
struct NormKernels;
template <class T>
struct LayerNormKernels;
template <class T>
struct AttentionKernels;
template <class T>
struct ProductKernels;
template <class T>
struct RnnKernels;
template <class T>
struct ReluKernels;

// The tables of a family whose numbers are float, or the bits of bfloat16.
template <template <class> class Kernels>
struct ByType {
  const Kernels<float>* floats;
  const Kernels<uint16_t>* bfloat16;
};

struct IsaKernels {
  const char* name;
  const ElementwiseKernels* elementwise;
  const RandomKernels* random;
  const OptimizerKernels* optimizer;
  const ReduceKernels* reduce;
  const SoftmaxKernels* softmax;
  const GatherKernels* gather;
  const WarpKernels* warp;
  ByType<PoolKernels> pool;
  const WinogradKernels* winograd;
  const SampleConvKernels* sampleConv;
  const FilterGradientKernels* filterGradient;
  const NarrowConvKernels* narrowConv;
  ByType<NormKernels> norm;
  ByType<LayerNormKernels> layerNorm;
  const AttentionKernels<float>* attention;
  const ProductKernels<float>* product;
  const RnnKernels<float>* rnn;
  ByType<ReluKernels> relu;
  const HouseholderKernels* householder;
  const QuantizeKernels* quantize;
};

// Those on tiles of bfloat16, twice: for AMX, and in plain C++ for tests.
struct TileKernels {
  const TileGradientKernels* gradient;
  const TileNarrowKernels* narrow;
  const ProductKernels<uint16_t>* product;
  const SplitProductKernels* splitProduct;
};

// Those that multiply bfloat16, twice: for AVX-512, and with AVX512-BF16's dot product.
struct Bfloat16Kernels {
  const char* name;
  const TileKernels* tiles;  // null without AMX
  const WinogradKernels* winograd;
  const AttentionKernels<uint16_t>* attention;
  const ProductKernels<uint16_t>* product;
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
const IsaKernels& kernels();
const Bfloat16Kernels& bfloat16Kernels();
}  // namespace isa_avx512_bf16
namespace isa_amx {
const TileKernels& tileKernels();
}
namespace isa_tiles {
const TileKernels& tileKernels();
}

}  // namespace nodegrad
