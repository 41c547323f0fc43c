import { isOwnFunction, knownOptions, notOneOf } from '../base/checks.js';
import {
  BinaryCrossentropy,
  CategoricalCrossentropy,
  MeanAbsoluteError,
  MeanSquaredError,
  SparseCategoricalCrossentropy,
} from '../losses/index.js';
import { Loss } from '../losses/loss.js';
import { type Spelled, choose } from '../base/names.js';
import { Accuracy } from './accuracy.js';
import { BinaryAccuracy, type BinaryAccuracyOptions } from './binaryAccuracy.js';
import { CategoricalAccuracy } from './categoricalAccuracy.js';
import { LossMetric } from './lossMetric.js';
import { FunctionMetric, Metric, type MetricFunction, type MetricOptions, metricNames } from './metric.js';
import { ShapedAccuracy } from './shapedAccuracy.js';
import { SparseCategoricalAccuracy } from './sparseCategoricalAccuracy.js';

export { Accuracy, BinaryAccuracy, CategoricalAccuracy, LossMetric, Metric, SparseCategoricalAccuracy };
export type { BinaryAccuracyOptions, MetricFunction, MetricOptions };

/**
 * The share of predictions that equal their targets. Targets have the shape of the predictions, of which an axis of size 1 at the end
 * may be missing; any dtype. For classes take the form that fits the output, such as {@link categoricalAccuracy}, or the name
 * `'accuracy'`, which chooses it by the shapes. https://keras.io/api/metrics/accuracy_metrics/#accuracy-class
 *
 * @throws EngineError `SHAPE`, from the first step, for targets of another shape.
 * @example model.compile({ loss: 'mse', metrics: [metrics.accuracy({ name: 'exact' })] });
 */
export const accuracy = (options?: MetricOptions) => new Accuracy(options);

/**
 * The share of yes-or-no answers that are right: a prediction above the threshold means 1, else 0. Targets are 0 or 1 in the shape of
 * the predictions, of which an axis of size 1 at the end may be missing; any dtype.
 * https://keras.io/api/metrics/accuracy_metrics/#binaryaccuracy-class
 *
 * @throws EngineError `SHAPE`, from the first step, for targets of another shape.
 * @example metrics.binaryAccuracy({ threshold: 0 }) // of logits
 */
export const binaryAccuracy = (options?: BinaryAccuracyOptions) => new BinaryAccuracy(options);

/**
 * The share of one-hot targets whose 1 is where the prediction is largest along the last axis. Targets have the shape of the
 * predictions, [n, ..., classes]; any dtype. https://keras.io/api/metrics/accuracy_metrics/#categoricalaccuracy-class
 *
 * @throws EngineError `SHAPE`, from the first step, for targets of another shape.
 * @example model.compile({ loss: 'categoricalCrossentropy', metrics: [metrics.categoricalAccuracy()] });
 */
export const categoricalAccuracy = (options?: MetricOptions) => new CategoricalAccuracy(options);

/**
 * The share of class numbers at which the prediction is largest along the last axis. Predictions are [n, ..., classes]; targets
 * [n, ...] or [n, ..., 1], whole numbers in any dtype.
 * https://keras.io/api/metrics/accuracy_metrics/#sparsecategoricalaccuracy-class
 *
 * @throws EngineError `SHAPE`, from the first step, for targets of another shape.
 * @example model.compile({ loss: 'sparseCategoricalCrossentropy', metrics: [metrics.sparseCategoricalAccuracy()] });
 */
export const sparseCategoricalAccuracy = (options?: MetricOptions) => new SparseCategoricalAccuracy(options);

const watching =
  (make: () => Loss) =>
  (options: MetricOptions = {}): Metric => {
    const loss = make();
    knownOptions(loss.className, options, metricNames);
    return new LossMetric(loss, options.name);
  };

/**
 * The mean of (yTrue − yPred)²: {@link losses.meanSquaredError} as a metric, which is watched and not followed.
 *
 * @example model.compile({ loss: 'mae', metrics: [metrics.meanSquaredError({ name: 'squared' })] });
 */
export const meanSquaredError = watching(() => new MeanSquaredError());

/**
 * The mean of |yTrue − yPred|: {@link losses.meanAbsoluteError} as a metric, which is watched and not followed.
 *
 * @example model.compile({ loss: 'mse', metrics: [metrics.meanAbsoluteError({ name: 'absolute' })] });
 */
export const meanAbsoluteError = watching(() => new MeanAbsoluteError());

/**
 * The cross-entropy of yes-or-no targets with probabilities: {@link losses.binaryCrossentropy} as a metric, which is watched and not
 * followed. Of logits take `new LossMetric(losses.binaryCrossentropy({ fromLogits: true }))`.
 *
 * @example model.compile({ loss: 'mse', metrics: [metrics.binaryCrossentropy()] });
 */
export const binaryCrossentropy = watching(() => new BinaryCrossentropy());

/**
 * The cross-entropy of one-hot targets with probabilities: {@link losses.categoricalCrossentropy} as a metric, which is watched and
 * not followed.
 *
 * @example model.compile({ loss: 'mse', metrics: [metrics.categoricalCrossentropy()] });
 */
export const categoricalCrossentropy = watching(() => new CategoricalCrossentropy());

/**
 * The cross-entropy of class numbers with probabilities: {@link losses.sparseCategoricalCrossentropy} as a metric, which is watched
 * and not followed.
 *
 * @example model.compile({ loss: ownLoss, metrics: [metrics.sparseCategoricalCrossentropy()] });
 */
export const sparseCategoricalCrossentropy = watching(() => new SparseCategoricalCrossentropy());

type MetricMaker = (options?: MetricOptions) => Metric;

const table = {
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
} satisfies Record<string, MetricMaker>;

/**
 * The names that `compile` takes for a metric, also as Keras writes them: `mean_squared_error`. `accuracy` and `acc` choose the form
 * that fits the shapes: binary where the output has one column, sparse where the targets are class numbers, else categorical.
 */
export type MetricName = Spelled<keyof typeof table> | 'MSE' | 'MAE' | 'BCE';

/** What `compile` takes for a metric: an object, a name, a function, or a loss, which is watched then and not followed. */
export type MetricLike = Metric | Loss | MetricFunction | MetricName;

/** The metric that a name or a function stands for; under the name that was given, as in Keras. @internal */
export function metricOf(given: MetricLike): Metric {
  if (given instanceof Metric) return given;
  if (given instanceof Loss) return new LossMetric(given);
  if (typeof given === 'function' && isOwnFunction(given, { ...table, accuracy }))
    return new FunctionMetric(given.name || 'metric', given);
  if (typeof given === 'string') return choose<MetricMaker>('metric', given, table)({ name: given });
  throw notOneOf('metric', 'a metric, its name or a function', given);
}
