import * as losses from '../losses/index.js';
import type { MetricOptions } from './metric.js';
import { NamedLossMetric } from './namedLossMetric.js';

/** The metric that {@link klDivergence} makes. */
export class KLDivergence extends NamedLossMetric {
  override readonly className = 'KLDivergence';

  constructor(options: MetricOptions = {}) {
    super(options, () => losses.klDivergence());
  }
}

/**
 * The Kullback-Leibler divergence of distributions, Σ yTrue · log(yTrue / yPred): `losses.klDivergence` as a metric, which is watched and not followed.
 * https://keras.io/api/metrics/probabilistic_metrics/#kldivergence-class
 *
 * @example model.compile({ loss: 'categoricalCrossentropy', metrics: [metrics.klDivergence()] });
 */
export const klDivergence = (options?: MetricOptions) => new KLDivergence(options);
