import { ConditionCount } from './conditionCount.js';
import type { ThresholdsOptions } from './confusionMetric.js';

/** The metric that {@link trueNegatives} makes. */
export class TrueNegatives extends ConditionCount {
  override readonly className = 'TrueNegatives';

  constructor(options: ThresholdsOptions = {}) {
    super(options, 'trueNegatives');
  }
}

/**
 * Answers that are no and are predicted as no: their number, each times the weight of its sample. With several thresholds a list, which has the keys
 * `trueNegatives_0`, `trueNegatives_1`, … in the logs. Targets are 0 or 1 in the shape of the predictions, any dtype.
 * https://keras.io/api/metrics/classification_metrics/#truenegatives-class
 *
 * @example
 *     const count = metrics.trueNegatives();
 *     await count.updateState([0, 1, 1, 0], [0.9, 0.8, 0.1, 0.2]);
 *     console.log(await count.result().item()); // 1
 */
export const trueNegatives = (options?: ThresholdsOptions) => new TrueNegatives(options);
