import { sampleMeans } from '../losses/align.js';
import type { Sym } from '../core/sym.js';
import * as ops from '../ops/index.js';
import { Metric, type MetricOptions, type MetricValues } from './metric.js';

/** The metric that {@link sum} makes. */
export class Sum extends Metric {
  override readonly className: string = 'Sum';

  constructor(options: MetricOptions = {}) {
    super(options, 'sum');
  }

  /**
   * Takes values into account.
   *
   * @param values [n, ...], or one number.
   * @param sampleWeight What they are multiplied by, [n] or with further axes of theirs. Default 1.
   */
  override updateState(values: MetricValues, sampleWeight?: MetricValues): unknown {
    const given = values as Sym;
    const each = sampleMeans(
      this.name,
      given.rank === 0 ? ops.reshape(given, [1]) : given,
      sampleWeight as Sym | undefined,
      ops.sum,
    );
    this.addShare({ sum: ops.sum(each), weight: each.trace.constant(1) });
    return;
  }

  override result() {
    return this.total();
  }
}

/**
 * The sum of values. https://keras.io/api/metrics/reduction_metrics/#sum-class
 *
 * @example
 *     const sum = metrics.sum();
 *     await sum.updateState([1, 3, 5, 7], [1, 1, 0, 0]);
 *     console.log(await sum.result().data()); // [4]
 */
export const sum = (options?: MetricOptions) => new Sum(options);
