export {
  BinaryCrossentropy,
  type CrossentropyOptions,
  type FromLogits,
  binaryCrossentropy,
} from './binaryCrossentropy.js';
export { CategoricalCrossentropy, categoricalCrossentropy } from './categoricalCrossentropy.js';
export { Loss, type LossFunction } from './loss.js';
export { MeanAbsoluteError, meanAbsoluteError } from './meanAbsoluteError.js';
export { MeanSquaredError, meanSquaredError } from './meanSquaredError.js';
export {
  SparseCategoricalCrossentropy,
  sparseCategoricalCrossentropy,
} from './sparseCategoricalCrossentropy.js';
export type { LossLike, LossName } from './registry.js';
