import * as losses from '../losses/index.js';
import type { MetricOptions } from './metric.js';
import { NamedLossMetric } from './namedLossMetric.js';

/** The metric that {@link meanSquaredLogarithmicError} makes. */
export class MeanSquaredLogarithmicError extends NamedLossMetric {
  /** Other names for it. */
  static readonly aliases = ['msle'] as const;
  override readonly className = 'MeanSquaredLogarithmicError';

  constructor(options: MetricOptions = {}) {
    super(options, () => losses.meanSquaredLogarithmicError());
  }
}

/**
 * The mean of (log(1 + yTrue) − log(1 + yPred))²: `losses.meanSquaredLogarithmicError` as a metric, which is watched and not followed.
 * https://keras.io/api/metrics/regression_metrics/#meansquaredlogarithmicerror-class
 *
 * @example model.compile({ loss: 'mse', metrics: [metrics.meanSquaredLogarithmicError()] });
 */
export const meanSquaredLogarithmicError = (options?: MetricOptions) =>
  new MeanSquaredLogarithmicError(options);
