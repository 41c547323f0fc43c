import { notOneOf } from '../checks.js';
import { isOwnFunction, knownOptions } from '../checks.js';
import {
  BinaryCrossentropy,
  CategoricalCrossentropy,
  MeanAbsoluteError,
  MeanSquaredError,
  SparseCategoricalCrossentropy,
} from '../losses/index.js';
import { Loss } from '../losses/loss.js';
import { choose } from '../names.js';
import { Accuracy } from './accuracy.js';
import { BinaryAccuracy, type BinaryAccuracyOptions } from './binaryAccuracy.js';
import { CategoricalAccuracy } from './categoricalAccuracy.js';
import { LossMetric } from './lossMetric.js';
import { FunctionMetric, Metric, type MetricFunction, type MetricOptions, metricNames } from './metric.js';
import { ShapedAccuracy } from './shapedAccuracy.js';
import { SparseCategoricalAccuracy } from './sparseCategoricalAccuracy.js';

export { Accuracy, BinaryAccuracy, CategoricalAccuracy, LossMetric, Metric, SparseCategoricalAccuracy };
export type { MetricFunction, MetricOptions };

/** See {@link Accuracy}. */
export const accuracy = (options?: MetricOptions) => new Accuracy(options);
/** See {@link BinaryAccuracy}. */
export const binaryAccuracy = (options?: BinaryAccuracyOptions) => new BinaryAccuracy(options);
/** See {@link CategoricalAccuracy}. */
export const categoricalAccuracy = (options?: MetricOptions) => new CategoricalAccuracy(options);
/** See {@link SparseCategoricalAccuracy}. */
export const sparseCategoricalAccuracy = (options?: MetricOptions) => new SparseCategoricalAccuracy(options);

const watching =
  (make: () => Loss) =>
  (options: MetricOptions = {}): Metric => {
    const loss = make();
    knownOptions(loss.className, options, metricNames);
    return new LossMetric(loss, options.name);
  };

/** The mean of (yTrue − yPred)². */
export const meanSquaredError = watching(() => new MeanSquaredError());
/** The mean of |yTrue − yPred|. */
export const meanAbsoluteError = watching(() => new MeanAbsoluteError());
/** See losses.binaryCrossentropy. */
export const binaryCrossentropy = watching(() => new BinaryCrossentropy());
/** See losses.categoricalCrossentropy. */
export const categoricalCrossentropy = watching(() => new CategoricalCrossentropy());
/** See losses.sparseCategoricalCrossentropy. */
export const sparseCategoricalCrossentropy = watching(() => new SparseCategoricalCrossentropy());

const table: Record<string, (options?: MetricOptions) => Metric> = {
  accuracy: (options) => new ShapedAccuracy(options),
  binaryAccuracy,
  categoricalAccuracy,
  sparseCategoricalAccuracy,
  meanSquaredError,
  meanAbsoluteError,
  binaryCrossentropy,
  categoricalCrossentropy,
  sparseCategoricalCrossentropy,
  // Keras's short names
  acc: (options) => new ShapedAccuracy(options),
  mse: meanSquaredError,
  mae: meanAbsoluteError,
  bce: binaryCrossentropy,
};

/** What `compile` takes for a metric: an object, a name or a function. */
export type MetricLike = Metric | Loss | MetricFunction | string;

/** The metric that a name or a function stands for; under the name that was given, as in Keras. @internal */
export function metricOf(given: MetricLike): Metric {
  if (given instanceof Metric) return given;
  if (given instanceof Loss) return new LossMetric(given);
  if (typeof given === 'function' && isOwnFunction(given, table))
    return new FunctionMetric(given.name || 'metric', given);
  if (typeof given === 'string') return choose('metric', given, table)({ name: given });
  throw notOneOf('metric', 'a metric, its name or a function', given);
}
