import { type PrecisionOptions, PrecisionOrRecall } from './precisionOrRecall.js';

/** The metric that {@link recall} makes. */
export class Recall extends PrecisionOrRecall {
  override readonly className = 'Recall';

  constructor(options: PrecisionOptions = {}) {
    super(options, 'recall', 'falseNegatives');
  }
}

/**
 * The share of the answers that are yes which is predicted as yes; 0 where there are none. With several thresholds a list, which has the keys `recall_0`, `recall_1`, … in the logs.
 * Targets are 0 or 1 in the shape of the predictions, any dtype.
 * https://keras.io/api/metrics/classification_metrics/#recall-class
 *
 * @example
 *     const recall = metrics.recall();
 *     await recall.updateState([0, 1, 1, 0], [0.9, 0.8, 0.1, 0.2]);
 *     console.log(await recall.result().item()); // 0.5
 */
export const recall = (options?: PrecisionOptions) => new Recall(options);
