import * as losses from '../losses/index.js';
import type { MetricOptions } from './metric.js';
import { NamedLossMetric } from './namedLossMetric.js';

/** The metric that {@link meanAbsolutePercentageError} makes. */
export class MeanAbsolutePercentageError extends NamedLossMetric {
  /** Other names for it. */
  static readonly aliases = ['mape'] as const;
  override readonly className = 'MeanAbsolutePercentageError';

  constructor(options: MetricOptions = {}) {
    super(options, () => losses.meanAbsolutePercentageError());
  }
}

/**
 * The mean of 100 · |(yTrue − yPred) / yTrue|: `losses.meanAbsolutePercentageError` as a metric, which is watched and not followed.
 * https://keras.io/api/metrics/regression_metrics/#meanabsolutepercentageerror-class
 *
 * @example model.compile({ loss: 'mse', metrics: [metrics.meanAbsolutePercentageError()] });
 */
export const meanAbsolutePercentageError = (options?: MetricOptions) =>
  new MeanAbsolutePercentageError(options);
