import { functionName } from '../base/customObjects.js';
import { type NamesIn, type ObjectConfig, Registry, isConfig } from '../base/registry.js';
import { Loss } from '../losses/loss.js';
import { lossOf } from '../losses/registry.js';
import * as metrics from './index.js';
import { LossMetric } from './lossMetric.js';
import { MeanMetricWrapper, type MetricFunction } from './meanMetricWrapper.js';
import { Metric, type MetricResult } from './metric.js';
import { ShapedAccuracy } from './shapedAccuracy.js';

// What only names reach stands with the others. `accuracy` is that one, not the class Accuracy, as in Keras.
const members = { ...metrics, ShapedAccuracy };

/**
 * The names that `compile` takes for a metric, also as Keras writes them (`mean_squared_error`), and registered ones. `accuracy` and
 * `acc` choose the form that fits the shapes: binary where the output has one column, sparse where the targets are class numbers, else
 * categorical.
 */
export type MetricName = NamesIn<typeof members>;

/**
 * What `compile` takes for a metric: an object, a name, a function, the configuration of an object, or a loss, which is watched then
 * and not followed.
 */
export type MetricLike = Metric<MetricResult> | Loss | MetricFunction | MetricName | ObjectConfig;

const registry = new Registry<Metric<MetricResult>>({
  family: 'metric',
  takes: 'a metric, its name or a function',
  base: Metric,
  members,
  ofFunction: (fn: MetricFunction) => new MeanMetricWrapper({ fn, name: functionName(fn) ?? 'metric' }),
});

/** The metric that a name, a function or a configuration stands for; under the name that was given, as in Keras. */
export function metricOf(given: MetricLike): Metric<MetricResult> {
  if (given instanceof Loss) return new LossMetric(given);
  // Keras writes losses among the metrics as they are.
  const isLoss =
    isConfig(given) &&
    registry.classNamed(given.className) === undefined &&
    Registry.of('loss')?.classNamed(given.className) !== undefined;
  return isLoss ? new LossMetric(lossOf(given)) : registry.get(given, { name: given });
}

/** The configuration from which {@link metricOf} makes an equal metric. */
export const metricConfig = (metric: Metric<MetricResult>) => registry.config(metric);
