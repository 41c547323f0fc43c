import { type OptionNames, fraction, knownOptionsOf } from '../base/checks.js';
import { type AtOptions, MetricAtMetric, atNames } from './metricAtMetric.js';

/** What {@link specificityAtSensitivity} takes. */
export interface SpecificityAtSensitivityOptions extends AtOptions {
  /** The least sensitivity, from 0 to 1. */
  sensitivity: number;
}

/** The metric that {@link specificityAtSensitivity} makes. */
export class SpecificityAtSensitivity extends MetricAtMetric {
  static override readonly optionNames: object = {
    ...atNames,
    sensitivity: 'required',
  } satisfies OptionNames<SpecificityAtSensitivityOptions>;
  override readonly className = 'SpecificityAtSensitivity';
  readonly #least: number;

  constructor(options: SpecificityAtSensitivityOptions) {
    const who = knownOptionsOf(new.target, options);
    super('specificityAtSensitivity', options);
    this.#least = fraction(who, 'sensitivity', options.sensitivity);
  }

  override result() {
    return this.best(this.specificity(), this.sensitivity(), this.#least);
  }

  override getConfig() {
    return { ...super.getConfig(), sensitivity: this.#least };
  }
}

/**
 * The best specificity, TN / (TN + FP), of the thresholds at which the sensitivity, TP / (TP + FN), is at least the given one; 0 where there are none. Targets are 0 or 1 in the shape of the predictions, any dtype.
 * https://keras.io/api/metrics/classification_metrics/#specificityatsensitivity-class
 *
 * @example
 *     const metric = metrics.specificityAtSensitivity({ sensitivity: 0.5 });
 *     await metric.updateState([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8]);
 *     console.log((await metric.result().item()).toFixed(3)); // 0.667
 */
export const specificityAtSensitivity = (options: SpecificityAtSensitivityOptions) =>
  new SpecificityAtSensitivity(options);
