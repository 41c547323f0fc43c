export { Accuracy, accuracy } from './accuracy.js';
export { BinaryAccuracy, type BinaryAccuracyOptions, binaryAccuracy } from './binaryAccuracy.js';
export { BinaryCrossentropy, binaryCrossentropy } from './binaryCrossentropy.js';
export { CategoricalAccuracy, categoricalAccuracy } from './categoricalAccuracy.js';
export { CategoricalCrossentropy, categoricalCrossentropy } from './categoricalCrossentropy.js';
export { LossMetric } from './lossMetric.js';
export { MeanAbsoluteError, meanAbsoluteError } from './meanAbsoluteError.js';
export { MeanSquaredError, meanSquaredError } from './meanSquaredError.js';
export { Metric, type MetricFunction, type MetricOptions } from './metric.js';
export type { MetricLike, MetricName } from './registry.js';
export { SparseCategoricalAccuracy, sparseCategoricalAccuracy } from './sparseCategoricalAccuracy.js';
export {
  SparseCategoricalCrossentropy,
  sparseCategoricalCrossentropy,
} from './sparseCategoricalCrossentropy.js';
