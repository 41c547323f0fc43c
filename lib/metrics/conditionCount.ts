import { knownOptionsOf } from '../base/checks.js';
import {
  type Counts,
  ConfusionMetric,
  type ThresholdsOptions,
  thresholdsNames,
  thresholdsOf,
} from './confusionMetric.js';

/** How many answers are right or wrong in one way. Subclasses say in which. */
export abstract class ConditionCount extends ConfusionMetric implements ThresholdsOptions {
  static override readonly optionNames: object = thresholdsNames;
  /** A prediction above it means yes: one or several. */
  readonly thresholds: number | readonly number[] | undefined;
  readonly #counted: keyof Counts;

  constructor(options: ThresholdsOptions, counted: keyof Counts) {
    const who = knownOptionsOf(new.target, options);
    super(options, counted, { thresholds: thresholdsOf(who, options.thresholds, 0.5) });
    this.thresholds = options.thresholds;
    this.#counted = counted;
  }

  override result() {
    return this.perThreshold(this.counts()[this.#counted]);
  }

  override getConfig() {
    return { ...super.getConfig(), thresholds: this.thresholds };
  }
}
