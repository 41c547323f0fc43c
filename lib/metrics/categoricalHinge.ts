import * as losses from '../losses/index.js';
import type { MetricOptions } from './metric.js';
import { NamedLossMetric } from './namedLossMetric.js';

/** The metric that {@link categoricalHinge} makes. */
export class CategoricalHinge extends NamedLossMetric {
  override readonly className = 'CategoricalHinge';

  constructor(options: MetricOptions = {}) {
    super(options, () => losses.categoricalHinge());
  }
}

/**
 * The mean of max(1 + the largest wrong answer − the right one, 0), for one-hot targets: `losses.categoricalHinge` as a metric, which is watched and not followed.
 * https://keras.io/api/metrics/hinge_metrics/#categoricalhinge-class
 *
 * @example model.compile({ loss: 'mse', metrics: [metrics.categoricalHinge()] });
 */
export const categoricalHinge = (options?: MetricOptions) => new CategoricalHinge(options);
