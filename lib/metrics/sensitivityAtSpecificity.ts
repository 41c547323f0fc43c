import { type OptionNames, fraction, knownOptionsOf } from '../base/checks.js';
import { type AtOptions, MetricAtMetric, atNames } from './metricAtMetric.js';

/** What {@link sensitivityAtSpecificity} takes. */
export interface SensitivityAtSpecificityOptions extends AtOptions {
  /** The least specificity, from 0 to 1. */
  specificity: number;
}

/** The metric that {@link sensitivityAtSpecificity} makes. */
export class SensitivityAtSpecificity extends MetricAtMetric {
  static override readonly optionNames: object = {
    ...atNames,
    specificity: 'required',
  } satisfies OptionNames<SensitivityAtSpecificityOptions>;
  override readonly className = 'SensitivityAtSpecificity';
  readonly #least: number;

  constructor(options: SensitivityAtSpecificityOptions) {
    const who = knownOptionsOf(new.target, options);
    super('sensitivityAtSpecificity', options);
    this.#least = fraction(who, 'specificity', options.specificity);
  }

  override result() {
    return this.best(this.sensitivity(), this.specificity(), this.#least);
  }

  override getConfig() {
    return { ...super.getConfig(), specificity: this.#least };
  }
}

/**
 * The best sensitivity, TP / (TP + FN), of the thresholds at which the specificity, TN / (TN + FP), is at least the given one; 0 where there are none. Targets are 0 or 1 in the shape of the predictions, any dtype.
 * https://keras.io/api/metrics/classification_metrics/#sensitivityatspecificity-class
 *
 * @example
 *     const metric = metrics.sensitivityAtSpecificity({ specificity: 0.5 });
 *     await metric.updateState([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8]);
 *     console.log((await metric.result().item()).toFixed(3)); // 0.500
 */
export const sensitivityAtSpecificity = (options: SensitivityAtSpecificityOptions) =>
  new SensitivityAtSpecificity(options);
