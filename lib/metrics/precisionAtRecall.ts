import { type OptionNames, fraction, knownOptionsOf } from '../base/checks.js';
import { type AtOptions, MetricAtMetric, atNames } from './metricAtMetric.js';

/** What {@link precisionAtRecall} takes. */
export interface PrecisionAtRecallOptions extends AtOptions {
  /** The least recall, from 0 to 1. */
  recall: number;
}

/** The metric that {@link precisionAtRecall} makes. */
export class PrecisionAtRecall extends MetricAtMetric {
  static override readonly optionNames: object = {
    ...atNames,
    recall: 'required',
  } satisfies OptionNames<PrecisionAtRecallOptions>;
  override readonly className = 'PrecisionAtRecall';
  readonly #least: number;

  constructor(options: PrecisionAtRecallOptions) {
    const who = knownOptionsOf(new.target, options);
    super('precisionAtRecall', options);
    this.#least = fraction(who, 'recall', options.recall);
  }

  override result() {
    return this.best(this.precision(), this.sensitivity(), this.#least);
  }

  override getConfig() {
    return { ...super.getConfig(), recall: this.#least };
  }
}

/**
 * The best precision, TP / (TP + FP), of the thresholds at which the recall, TP / (TP + FN), is at least the given one; 0 where there are none. Targets are 0 or 1 in the shape of the predictions, any dtype.
 * https://keras.io/api/metrics/classification_metrics/#precisionatrecall-class
 *
 * @example
 *     const metric = metrics.precisionAtRecall({ recall: 0.5 });
 *     await metric.updateState([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8]);
 *     console.log((await metric.result().item()).toFixed(3)); // 0.500
 */
export const precisionAtRecall = (options: PrecisionAtRecallOptions) => new PrecisionAtRecall(options);
