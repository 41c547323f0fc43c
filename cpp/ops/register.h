#pragma once

namespace nodegrad {

// Each registers one family; ops/register.cpp calls them all.
void registerSpecialOps();        // input, parameter, constant, identity, stopGradient
void registerUnaryOps();          // neg … leakyRelu, cast, logicalNot
void registerBinaryOps();         // add … pow, comparisons, logical ops, where
void registerConvOps();           // conv and its two backward ops
void registerConvTransposeOps();  // convTranspose
void registerPoolOps();           // maxPool, averagePool and theirs
void registerNormOps();           // batchNormalization and its backward op
void registerLayerNormOps();      // layerNormalization and its
void registerUpsampleOps();       // upSampling
void registerMatmulOps();         // matmul
void registerLstmOps();           // lstm and its backward op
void registerGruOps();            // gru and its
void registerSimpleRnnOps();      // simpleRnn and its
void registerScanOp();            // scan
void registerReduceOps();         // sum … argmin
void registerSoftmaxOps();        // softmax, logSoftmax and the cross-entropies
void registerShapeOps();          // reshape, transpose, broadcastTo and the *Like ops
void registerSliceOps();          // concatenate, slice, pad
void registerGatherOps();         // gather, toIndices, oneHot
void registerOrthonormalOps();    // orthonormalRows
void registerRandomOps();         // dropout, randomUniform, randomNormal, truncatedNormal
void registerOptimizerOps();      // the updates

void registerAllOps();

}  // namespace nodegrad
