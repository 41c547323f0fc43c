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
