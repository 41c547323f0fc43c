import * as losses from '../losses/index.js';
import type { MetricOptions } from './metric.js';
import { NamedLossMetric } from './namedLossMetric.js';

/** The metric that {@link poisson} makes. */
export class Poisson extends NamedLossMetric {
  override readonly className = 'Poisson';

  constructor(options: MetricOptions = {}) {
    super(options, () => losses.poisson());
  }
}

/**
 * The mean of yPred − yTrue · log(yPred): `losses.poisson` as a metric, which is watched and not followed.
 * https://keras.io/api/metrics/probabilistic_metrics/#poisson-class
 *
 * @example model.compile({ loss: 'poisson', metrics: [metrics.poisson()] });
 */
export const poisson = (options?: MetricOptions) => new Poisson(options);
