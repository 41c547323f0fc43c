import { optimizers } from '../../lib/index.js';

/** Options of optimizers that are made of others, without which there is none: from a configuration the registry makes them. */
export const requiredOptimizers: Record<string, object> = {
  lossScaleOptimizer: { innerOptimizer: optimizers.sgd() },
  multiOptimizer: { optimizerMap: () => optimizers.sgd() },
  optimizerMap: { defaultOptimizer: optimizers.sgd() },
};
