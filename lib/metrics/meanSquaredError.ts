import * as losses from '../losses/index.js';
import type { MetricOptions } from './metric.js';
import { NamedLossMetric } from './namedLossMetric.js';

/** The metric that {@link meanSquaredError} makes. */
export class MeanSquaredError extends NamedLossMetric {
  /** Other names for it. */
  static readonly aliases = ['mse'] as const;
  override readonly className = 'MeanSquaredError';

  constructor(options: MetricOptions = {}) {
    super(options, () => losses.meanSquaredError());
  }
}

/**
 * The mean of (yTrue − yPred)²: `losses.meanSquaredError` as a metric, which is watched and not followed.
 * https://keras.io/api/metrics/regression_metrics/#meansquarederror-class
 *
 * @example model.compile({ loss: 'mae', metrics: [metrics.meanSquaredError({ name: 'squared' })] });
 */
export const meanSquaredError = (options?: MetricOptions) => new MeanSquaredError(options);
