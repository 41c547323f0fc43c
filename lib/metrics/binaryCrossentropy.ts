import * as losses from '../losses/index.js';
import type { MetricOptions } from './metric.js';
import { NamedLossMetric } from './namedLossMetric.js';

/** The metric that {@link binaryCrossentropy} makes. */
export class BinaryCrossentropy extends NamedLossMetric {
  /** Other names for it. */
  static readonly aliases = ['bce'] as const;
  override readonly className = 'BinaryCrossentropy';

  constructor(options: MetricOptions = {}) {
    super(losses.binaryCrossentropy(), options);
  }
}

/**
 * The cross-entropy of yes-or-no targets with probabilities: `losses.binaryCrossentropy` as a metric, which is watched and not followed.
 * Of logits take `new LossMetric(losses.binaryCrossentropy({ fromLogits: true }))`.
 * https://keras.io/api/metrics/probabilistic_metrics/#binarycrossentropy-class
 *
 * @example model.compile({ loss: 'mse', metrics: [metrics.binaryCrossentropy()] });
 */
export const binaryCrossentropy = (options?: MetricOptions) => new BinaryCrossentropy(options);
