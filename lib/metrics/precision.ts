import { type PrecisionOptions, PrecisionOrRecall } from './precisionOrRecall.js';

/** The metric that {@link precision} makes. */
export class Precision extends PrecisionOrRecall {
  override readonly className = 'Precision';

  constructor(options: PrecisionOptions = {}) {
    super(options, 'precision', 'falsePositives');
  }
}

/**
 * The share of right answers among those that are predicted as yes; 0 where there are none. With several thresholds a list, which has the keys `precision_0`, `precision_1`, … in the logs.
 * Targets are 0 or 1 in the shape of the predictions, any dtype.
 * https://keras.io/api/metrics/classification_metrics/#precision-class
 *
 * @example
 *     const precision = metrics.precision();
 *     await precision.updateState([0, 1, 1, 0], [0.9, 0.8, 0.1, 0.2]);
 *     console.log(await precision.result().item()); // 0.5
 */
export const precision = (options?: PrecisionOptions) => new Precision(options);
