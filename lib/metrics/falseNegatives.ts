import { ConditionCount } from './conditionCount.js';
import type { ThresholdsOptions } from './confusionMetric.js';

/** The metric that {@link falseNegatives} makes. */
export class FalseNegatives extends ConditionCount {
  override readonly className = 'FalseNegatives';

  constructor(options: ThresholdsOptions = {}) {
    super(options, 'falseNegatives');
  }
}

/**
 * Answers that are yes and are predicted as no: their number, each times the weight of its sample. With several thresholds a list, which has the keys
 * `falseNegatives_0`, `falseNegatives_1`, … in the logs. Targets are 0 or 1 in the shape of the predictions, any dtype.
 * https://keras.io/api/metrics/classification_metrics/#falsenegatives-class
 *
 * @example
 *     const count = metrics.falseNegatives();
 *     await count.updateState([0, 1, 1, 0], [0.9, 0.8, 0.1, 0.2]);
 *     console.log(await count.result().item()); // 1
 */
export const falseNegatives = (options?: ThresholdsOptions) => new FalseNegatives(options);
