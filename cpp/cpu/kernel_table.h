#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "backend.h"

namespace nodegrad {

// What the CPU knows of one op. An op family registers its rows in a function of its own (below).
struct CpuOp {
  std::unique_ptr<Kernel> (*make)(const KernelSpec& spec) = nullptr;
  // Null: row-major in, row-major out.
  LayoutChoice (*layouts)(const KernelSpec& spec, const std::vector<bool>& flexible) = nullptr;
  // Whether output o may be written over input i. Null: never.
  bool (*inPlace)(const KernelSpec& spec, size_t output, size_t input) = nullptr;
  // Whether make can do what the plan would have the op do. Null: all that has every output of the op.
  bool (*supports)(const KernelSpec& spec) = nullptr;
  // What may be bfloat16. Null: nothing.
  PrecisionChoice (*precisions)(const KernelSpec& spec) = nullptr;
  // Whether it takes pictures and volumes: all of the above see sequences as pictures of height 1.
  bool windows = false;
};

// Nothing may be bfloat16.
PrecisionChoice onlyFloat32(const KernelSpec& spec);
// Every float32 input and output may be bfloat16, each by itself.
PrecisionChoice anyPrecision(const KernelSpec& spec);
// The same, but all alike: ops that only move numbers.
PrecisionChoice anyPrecisionAlike(const KernelSpec& spec);
// The first input may be either, and nothing else: sums over it.
PrecisionChoice readsEither(const KernelSpec& spec);

using KernelTable = std::map<std::string, CpuOp>;

// All that the CPU has.
const KernelTable& cpuKernels();

// Own kernels.
void registerElementwiseKernels(
    KernelTable& table);  // every element-wise op, cast, fusedElementwise, dropout, random*
void registerReduceKernels(KernelTable& table);   // sum … argMin, sumLike's reduction
void registerSoftmaxKernels(KernelTable& table);  // softmax, logSoftmax, cross-entropies
void registerMoveKernels(
    KernelTable& table);  // reshape, transpose, concatenate, slice, pad, broadcastTo, constant
void registerGatherKernels(KernelTable& table);         // gather, gatherBackward, oneHot
void registerOptimizerKernels(KernelTable& table);      // the updates
void registerRowsUpdateKernel(KernelTable& table);      // the update of a table whose rows were gathered
void registerPoolKernels(KernelTable& table);           // max and average pooling
void registerBatchNormKernels(KernelTable& table);      // batch normalization
void registerBatchNormPoolKernels(KernelTable& table);  // the same in one with max-pooling
void registerLayerNormKernels(KernelTable& table);      // layer normalization
void registerOrthonormalKernel(KernelTable& table);     // orthonormalRows
void registerLstmKernels(KernelTable& table);           // lstm and its backward op
void registerGruKernels(KernelTable& table);            // gru and its
void registerSimpleRnnKernels(KernelTable& table);      // simpleRnn and its
// On oneDNN.
void registerConvKernels(KernelTable& table);
void registerMatmulKernels(KernelTable& table);
void registerInnerProductKernels(KernelTable& table);
void registerReorderKernels(KernelTable& table);

}  // namespace nodegrad
