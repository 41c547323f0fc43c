import { ConditionCount } from './conditionCount.js';
import type { ThresholdsOptions } from './confusionMetric.js';

/** The metric that {@link truePositives} makes. */
export class TruePositives extends ConditionCount {
  override readonly className = 'TruePositives';

  constructor(options: ThresholdsOptions = {}) {
    super(options, 'truePositives');
  }
}

/**
 * Answers that are yes and are predicted as yes: their number, each times the weight of its sample. With several thresholds a list, which has the keys
 * `truePositives_0`, `truePositives_1`, … in the logs. Targets are 0 or 1 in the shape of the predictions, any dtype.
 * https://keras.io/api/metrics/classification_metrics/#truepositives-class
 *
 * @example
 *     const count = metrics.truePositives();
 *     await count.updateState([0, 1, 1, 0], [0.9, 0.8, 0.1, 0.2]);
 *     console.log(await count.result().item()); // 1
 */
export const truePositives = (options?: ThresholdsOptions) => new TruePositives(options);
