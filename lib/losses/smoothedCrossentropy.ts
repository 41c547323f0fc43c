import { type OptionNames, axisNumber, fraction } from '../base/checks.js';
import { factoryName } from '../base/names.js';
import { Loss, type LossOptions, lossNames } from './loss.js';

/** What all cross-entropies take. */
export interface FromLogits extends LossOptions {
  /** Whether the model puts out logits, any numbers, instead of probabilities. Default false. */
  fromLogits?: boolean;
  /** The axis of the classes; negative ones count from the end. The binary form takes the mean over it. Default -1. */
  axis?: number;
}

/** What the cross-entropies with probabilities as targets take. */
export interface CrossentropyOptions extends FromLogits {
  /** The share of the targets that is spread evenly over all classes: y · (1 − s) + s / classes, from 0 to 1. Default 0. */
  labelSmoothing?: number;
}

/** The names of those options. @internal */
export const crossentropyNames = {
  ...lossNames,
  fromLogits: 'boolean',
  labelSmoothing: 'optional',
  axis: 'optional',
} satisfies OptionNames<CrossentropyOptions>;

/** A cross-entropy with probabilities as targets. Subclasses say which. */
export abstract class SmoothedCrossentropy extends Loss implements CrossentropyOptions {
  static override readonly optionNames: object = crossentropyNames;
  /** Whether the model puts out logits, any numbers, instead of probabilities. */
  readonly fromLogits: boolean;
  /** The share of the targets that is spread evenly over all classes, from 0 to 1. */
  readonly labelSmoothing: number;
  /** The axis of the classes; negative ones count from the end. */
  readonly axis: number;

  constructor(options: CrossentropyOptions = {}) {
    super(options);
    const who = factoryName(new.target.name);
    this.fromLogits = options.fromLogits ?? false;
    this.labelSmoothing = fraction(who, 'labelSmoothing', options.labelSmoothing ?? 0);
    this.axis = axisNumber(who, options.axis ?? -1);
  }

  override getConfig(): Record<string, unknown> {
    const { fromLogits, labelSmoothing, axis } = this;
    return { ...super.getConfig(), fromLogits, labelSmoothing, axis };
  }
}
