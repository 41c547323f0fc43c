import * as losses from '../losses/index.js';
import type { MetricOptions } from './metric.js';
import { NamedLossMetric } from './namedLossMetric.js';

/** The metric that {@link sparseCategoricalCrossentropy} makes. */
export class SparseCategoricalCrossentropy extends NamedLossMetric {
  override readonly className = 'SparseCategoricalCrossentropy';

  constructor(options: MetricOptions = {}) {
    super(losses.sparseCategoricalCrossentropy(), options);
  }
}

/**
 * The cross-entropy of class numbers with probabilities: `losses.sparseCategoricalCrossentropy` as a metric, which is watched and not
 * followed.
 * https://keras.io/api/metrics/probabilistic_metrics/#sparsecategoricalcrossentropy-class
 *
 * @example model.compile({ loss: ownLoss, metrics: [metrics.sparseCategoricalCrossentropy()] });
 */
export const sparseCategoricalCrossentropy = (options?: MetricOptions) =>
  new SparseCategoricalCrossentropy(options);
