import * as losses from '../losses/index.js';
import type { MetricOptions } from './metric.js';
import { NamedLossMetric } from './namedLossMetric.js';

/** The metric that {@link logCoshError} makes. */
export class LogCoshError extends NamedLossMetric {
  override readonly className = 'LogCoshError';

  constructor(options: MetricOptions = {}) {
    super(options, () => losses.logCosh(), 'logcosh');
  }
}

/**
 * The mean of log(cosh(yPred − yTrue)): `losses.logCosh` as a metric, which is watched and not followed.
 * https://keras.io/api/metrics/regression_metrics/#logcosherror-class
 *
 * @example model.compile({ loss: 'mse', metrics: [metrics.logCoshError()] });
 */
export const logCoshError = (options?: MetricOptions) => new LogCoshError(options);
