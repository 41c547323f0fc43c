export { Accuracy, accuracy } from './accuracy.js';
export { BinaryAccuracy, type BinaryAccuracyOptions, binaryAccuracy } from './binaryAccuracy.js';
export {
  BinaryCrossentropy,
  type BinaryCrossentropyOptions,
  binaryCrossentropy,
} from './binaryCrossentropy.js';
export { CategoricalAccuracy, categoricalAccuracy } from './categoricalAccuracy.js';
export {
  CategoricalCrossentropy,
  type CategoricalCrossentropyOptions,
  categoricalCrossentropy,
} from './categoricalCrossentropy.js';
export { CategoricalHinge, categoricalHinge } from './categoricalHinge.js';
export { Hinge, hinge } from './hinge.js';
export { KLDivergence, klDivergence } from './klDivergence.js';
export { LogCoshError, logCoshError } from './logCoshError.js';
export { LossMetric } from './lossMetric.js';
export { Mean, mean } from './mean.js';
export { MeanAbsoluteError, meanAbsoluteError } from './meanAbsoluteError.js';
export { MeanAbsolutePercentageError, meanAbsolutePercentageError } from './meanAbsolutePercentageError.js';
export {
  MeanMetricWrapper,
  type MeanMetricWrapperOptions,
  type MetricFunction,
  meanMetricWrapper,
} from './meanMetricWrapper.js';
export { MeanSquaredError, meanSquaredError } from './meanSquaredError.js';
export { MeanSquaredLogarithmicError, meanSquaredLogarithmicError } from './meanSquaredLogarithmicError.js';
export {
  Metric,
  type MetricOptions,
  type MetricResult,
  type MetricValues,
  type MetricVariableOptions,
} from './metric.js';
export { Poisson, poisson } from './poisson.js';
export type { MetricLike, MetricName } from './registry.js';
export { SparseCategoricalAccuracy, sparseCategoricalAccuracy } from './sparseCategoricalAccuracy.js';
export {
  SparseCategoricalCrossentropy,
  type SparseCategoricalCrossentropyOptions,
  sparseCategoricalCrossentropy,
} from './sparseCategoricalCrossentropy.js';
export { SquaredHinge, squaredHinge } from './squaredHinge.js';
export { Sum, sum } from './sum.js';
