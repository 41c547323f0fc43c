#include "ops/register.h"

namespace nodegrad {

void registerAllOps() {
  registerSpecialOps();
  registerUnaryOps();
  registerBinaryOps();
  registerConvOps();
  registerConvTransposeOps();
  registerPoolOps();
  registerNormOps();
  registerLayerNormOps();
  registerUpsampleOps();
  registerMatmulOps();
  registerLstmOps();
  registerGruOps();
  registerSimpleRnnOps();
  registerScanOp();
  registerReduceOps();
  registerSoftmaxOps();
  registerShapeOps();
  registerSliceOps();
  registerGatherOps();
  registerRandomOps();
  registerOrthonormalOps();
  registerOptimizerOps();
}

}  // namespace nodegrad
