import type { Sym } from '../core/sym.js';
import { Metric, type MetricOptions, type MetricValues } from './metric.js';

/** The metric that {@link mean} makes. */
export class Mean extends Metric {
  override readonly className: string = 'Mean';

  constructor(options: MetricOptions = {}) {
    super(options, 'mean');
  }

  /**
   * Takes values into account.
   *
   * @param values [n, ...], or one number.
   * @param sampleWeight How much they count, [n] or with further axes of theirs. Default: all the same.
   */
  override updateState(values: MetricValues, sampleWeight?: MetricValues): unknown {
    this.addToMean(values as Sym, sampleWeight as Sym | undefined);
    return;
  }
}

/**
 * The mean of values, such as losses in a training loop of one's own. https://keras.io/api/metrics/reduction_metrics/#mean-class
 *
 * @example
 *     const mean = metrics.mean();
 *     await mean.updateState([1, 3, 5, 7], [1, 1, 0, 0]);
 *     console.log(await mean.result().data()); // [2]
 */
export const mean = (options?: MetricOptions) => new Mean(options);
