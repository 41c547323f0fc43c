import { type OptionNames, fraction, knownOptionsOf } from '../base/checks.js';
import { type AtOptions, MetricAtMetric, atNames } from './metricAtMetric.js';

/** What {@link recallAtPrecision} takes. */
export interface RecallAtPrecisionOptions extends AtOptions {
  /** The least precision, from 0 to 1. */
  precision: number;
}

/** The metric that {@link recallAtPrecision} makes. */
export class RecallAtPrecision extends MetricAtMetric {
  static override readonly optionNames: object = {
    ...atNames,
    precision: 'required',
  } satisfies OptionNames<RecallAtPrecisionOptions>;
  override readonly className = 'RecallAtPrecision';
  readonly #least: number;

  constructor(options: RecallAtPrecisionOptions) {
    const who = knownOptionsOf(new.target, options);
    super('recallAtPrecision', options);
    this.#least = fraction(who, 'precision', options.precision);
  }

  override result() {
    return this.best(this.sensitivity(), this.precision(), this.#least);
  }

  override getConfig() {
    return { ...super.getConfig(), precision: this.#least };
  }
}

/**
 * The best recall, TP / (TP + FN), of the thresholds at which the precision, TP / (TP + FP), is at least the given one; 0 where there are none. Targets are 0 or 1 in the shape of the predictions, any dtype.
 * https://keras.io/api/metrics/classification_metrics/#recallatprecision-class
 *
 * @example
 *     const metric = metrics.recallAtPrecision({ precision: 0.5 });
 *     await metric.updateState([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8]);
 *     console.log((await metric.result().item()).toFixed(3)); // 1.000
 */
export const recallAtPrecision = (options: RecallAtPrecisionOptions) => new RecallAtPrecision(options);
