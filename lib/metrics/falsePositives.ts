import { ConditionCount } from './conditionCount.js';
import type { ThresholdsOptions } from './confusionMetric.js';

/** The metric that {@link falsePositives} makes. */
export class FalsePositives extends ConditionCount {
  override readonly className = 'FalsePositives';

  constructor(options: ThresholdsOptions = {}) {
    super(options, 'falsePositives');
  }
}

/**
 * Answers that are no and are predicted as yes: their number, each times the weight of its sample. With several thresholds a list, which has the keys
 * `falsePositives_0`, `falsePositives_1`, … in the logs. Targets are 0 or 1 in the shape of the predictions, any dtype.
 * https://keras.io/api/metrics/classification_metrics/#falsepositives-class
 *
 * @example
 *     const count = metrics.falsePositives();
 *     await count.updateState([0, 1, 1, 0], [0.9, 0.8, 0.1, 0.2]);
 *     console.log(await count.result().item()); // 1
 */
export const falsePositives = (options?: ThresholdsOptions) => new FalsePositives(options);
