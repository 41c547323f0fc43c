import { type OptionNames, axisNumber, fraction } from '../base/checks.js';
import { factoryName } from '../base/names.js';
import type { Sym } from '../core/sym.js';
import * as ops from '../ops/index.js';
import { align, lastMean } from './align.js';
import { Loss, type LossOptions, lossNames } from './loss.js';
import { smoothed } from '../ops/probabilities.js';

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

/** The loss that {@link binaryCrossentropy} makes. */
export class BinaryCrossentropy extends Loss implements CrossentropyOptions {
  static override readonly optionNames: object = {
    ...lossNames,
    fromLogits: 'boolean',
    labelSmoothing: 'optional',
    axis: 'optional',
  } satisfies OptionNames<CrossentropyOptions>;
  /** Other names for it. */
  static readonly aliases = ['bce'] as const;
  readonly className = 'BinaryCrossentropy';
  readonly fromLogits: boolean;
  readonly labelSmoothing: number;
  readonly axis: number;

  constructor(options: CrossentropyOptions = {}) {
    super(options);
    const who = factoryName(new.target.name);
    this.fromLogits = options.fromLogits ?? false;
    this.labelSmoothing = fraction(who, 'labelSmoothing', options.labelSmoothing ?? 0);
    this.axis = axisNumber(who, options.axis ?? -1);
  }

  call(yTrue: Sym, yPred: Sym): Sym {
    const target = smoothed(align(factoryName(this.className), yTrue, yPred), this.labelSmoothing, 2);
    const { fromLogits } = this;
    return lastMean(ops.binaryCrossentropy(target, yPred, { fromLogits }), this.axis);
  }

  override getConfig() {
    return {
      ...super.getConfig(),
      fromLogits: this.fromLogits,
      labelSmoothing: this.labelSmoothing,
      axis: this.axis,
    };
  }
}

/**
 * The cross-entropy of yes-or-no targets y with probabilities p, −y·log(p) − (1 − y)·log(1 − p), as a mean over an axis.
 * https://keras.io/api/losses/probabilistic_losses/#binarycrossentropy-class
 *
 * Targets have the shape of the predictions, [n, ...], of which an axis of size 1 at the end may be missing: 0 or 1 in any dtype, or
 * a probability. The output of a `sigmoid` is computed from its logits, which loses no digits; other probabilities are cut to
 * [1e-7, 1 − 1e-7].
 *
 * @throws EngineError `SHAPE`, from the first step, for targets of another shape.
 * @example
 *     layers.dense({ units: 1 }), // logits
 *     model.compile({ optimizer: 'adam', loss: losses.binaryCrossentropy({ fromLogits: true }) });
 */
export const binaryCrossentropy = (options?: CrossentropyOptions) => new BinaryCrossentropy(options);
