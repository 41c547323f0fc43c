import * as losses from '../losses/index.js';
import type { MetricOptions } from './metric.js';
import { NamedLossMetric } from './namedLossMetric.js';

/** The metric that {@link hinge} makes. */
export class Hinge extends NamedLossMetric {
  override readonly className = 'Hinge';

  constructor(options: MetricOptions = {}) {
    super(options, () => losses.hinge());
  }
}

/**
 * The mean of max(1 − yTrue · yPred, 0), yTrue being −1 or 1, or all of them 0 or 1: `losses.hinge` as a metric, which is watched and not followed.
 * https://keras.io/api/metrics/hinge_metrics/#hinge-class
 *
 * @example model.compile({ loss: 'mse', metrics: [metrics.hinge()] });
 */
export const hinge = (options?: MetricOptions) => new Hinge(options);
