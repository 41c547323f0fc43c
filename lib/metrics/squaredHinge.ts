import * as losses from '../losses/index.js';
import type { MetricOptions } from './metric.js';
import { NamedLossMetric } from './namedLossMetric.js';

/** The metric that {@link squaredHinge} makes. */
export class SquaredHinge extends NamedLossMetric {
  override readonly className = 'SquaredHinge';

  constructor(options: MetricOptions = {}) {
    super(options, () => losses.squaredHinge());
  }
}

/**
 * The mean of max(1 − yTrue · yPred, 0)², yTrue being −1 or 1, or all of them 0 or 1: `losses.squaredHinge` as a metric, which is watched and not followed.
 * https://keras.io/api/metrics/hinge_metrics/#squaredhinge-class
 *
 * @example model.compile({ loss: 'mse', metrics: [metrics.squaredHinge()] });
 */
export const squaredHinge = (options?: MetricOptions) => new SquaredHinge(options);
