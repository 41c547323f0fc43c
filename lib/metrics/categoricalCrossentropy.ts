import * as losses from '../losses/index.js';
import type { MetricOptions } from './metric.js';
import { NamedLossMetric } from './namedLossMetric.js';

/** The metric that {@link categoricalCrossentropy} makes. */
export class CategoricalCrossentropy extends NamedLossMetric {
  override readonly className = 'CategoricalCrossentropy';

  constructor(options: MetricOptions = {}) {
    super(losses.categoricalCrossentropy(), options);
  }
}

/**
 * The cross-entropy of one-hot targets with probabilities: `losses.categoricalCrossentropy` as a metric, which is watched and not
 * followed.
 * https://keras.io/api/metrics/probabilistic_metrics/#categoricalcrossentropy-class
 *
 * @example model.compile({ loss: 'mse', metrics: [metrics.categoricalCrossentropy()] });
 */
export const categoricalCrossentropy = (options?: MetricOptions) => new CategoricalCrossentropy(options);
