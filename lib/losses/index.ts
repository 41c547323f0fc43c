export { BinaryCrossentropy, binaryCrossentropy } from './binaryCrossentropy.js';
export type { CrossentropyOptions, FromLogits } from './smoothedCrossentropy.js';
export { CategoricalCrossentropy, categoricalCrossentropy } from './categoricalCrossentropy.js';
export { Loss, type LossFunction, type LossOptions, type LossValues, type Reduction } from './loss.js';
export { MeanAbsoluteError, meanAbsoluteError } from './meanAbsoluteError.js';
export { MeanSquaredError, meanSquaredError } from './meanSquaredError.js';
export {
  SparseCategoricalCrossentropy,
  type SparseCategoricalCrossentropyOptions,
  sparseCategoricalCrossentropy,
} from './sparseCategoricalCrossentropy.js';
export type { LossLike, LossName } from './registry.js';
export {
  BinaryFocalCrossentropy,
  type BinaryFocalCrossentropyOptions,
  binaryFocalCrossentropy,
} from './binaryFocalCrossentropy.js';
export {
  CategoricalFocalCrossentropy,
  type CategoricalFocalCrossentropyOptions,
  categoricalFocalCrossentropy,
} from './categoricalFocalCrossentropy.js';
export {
  CategoricalGeneralizedCrossEntropy,
  type CategoricalGeneralizedCrossEntropyOptions,
  categoricalGeneralizedCrossEntropy,
} from './categoricalGeneralizedCrossEntropy.js';
export { CategoricalHinge, categoricalHinge } from './categoricalHinge.js';
export { CosineSimilarity, type CosineSimilarityOptions, cosineSimilarity } from './cosineSimilarity.js';
export { CTC, ctc } from './ctc.js';
export { Circle, type CircleOptions, circle } from './circle.js';
export { Dice, dice } from './dice.js';
export type { OverlapLossOptions as DiceOptions } from './overlapLoss.js';
export { Hinge, hinge } from './hinge.js';
export { Huber, type HuberOptions, huber } from './huber.js';
export { KLDivergence, klDivergence } from './klDivergence.js';
export { LogCosh, logCosh } from './logCosh.js';
export { MeanAbsolutePercentageError, meanAbsolutePercentageError } from './meanAbsolutePercentageError.js';
export { MeanSquaredLogarithmicError, meanSquaredLogarithmicError } from './meanSquaredLogarithmicError.js';
export { Poisson, poisson } from './poisson.js';
export { SquaredHinge, squaredHinge } from './squaredHinge.js';
export { Tversky, type TverskyOptions, tversky } from './tversky.js';
