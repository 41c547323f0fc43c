import * as losses from '../losses/index.js';
import type { MetricOptions } from './metric.js';
import { NamedLossMetric } from './namedLossMetric.js';

/** The metric that {@link meanAbsoluteError} makes. */
export class MeanAbsoluteError extends NamedLossMetric {
  /** Other names for it. */
  static readonly aliases = ['mae'] as const;
  override readonly className = 'MeanAbsoluteError';

  constructor(options: MetricOptions = {}) {
    super(options, () => losses.meanAbsoluteError());
  }
}

/**
 * The mean of |yTrue − yPred|: `losses.meanAbsoluteError` as a metric, which is watched and not followed.
 * https://keras.io/api/metrics/regression_metrics/#meanabsoluteerror-class
 *
 * @example model.compile({ loss: 'mse', metrics: [metrics.meanAbsoluteError({ name: 'absolute' })] });
 */
export const meanAbsoluteError = (options?: MetricOptions) => new MeanAbsoluteError(options);
