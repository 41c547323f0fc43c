import { type OptionNames, knownOptionsOf } from '../base/checks.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { align, lastMean } from './align.js';
import { Loss } from './loss.js';
import { checkSmoothing, clipProbability, logits } from './probabilities.js';

/** What all cross-entropies take. */
export interface FromLogits {
  /** Whether the model puts out logits, any numbers, instead of probabilities. Default false. */
  fromLogits?: boolean;
}

/** What the cross-entropies with probabilities as targets take. */
export interface CrossentropyOptions extends FromLogits {
  /** The share of the targets that is spread evenly over all classes: y · (1 − s) + s / classes, from 0 to 1. Default 0. */
  labelSmoothing?: number;
}

/** The loss that {@link binaryCrossentropy} makes. */
export class BinaryCrossentropy extends Loss implements CrossentropyOptions {
  static override readonly optionNames: object = {
    fromLogits: 'boolean',
    labelSmoothing: 'optional',
  } satisfies OptionNames<CrossentropyOptions>;
  readonly className = 'binaryCrossentropy';
  readonly fromLogits: boolean;
  readonly labelSmoothing: number;

  constructor(options: CrossentropyOptions = {}) {
    knownOptionsOf(new.target, options);
    super();
    this.fromLogits = options.fromLogits ?? false;
    this.labelSmoothing = checkSmoothing(this.className, options.labelSmoothing ?? 0);
  }

  call(yTrue: Sym, yPred: Sym): Sym {
    const { className, labelSmoothing: smoothing } = this;
    const given = align(className, yTrue, yPred);
    const target = smoothing === 0 ? given : ops.add(ops.multiply(given, 1 - smoothing), smoothing / 2);
    const z = this.fromLogits
      ? logits(yPred, 'sigmoid')
      : yPred.op === 'sigmoid'
        ? yPred.inputs[0]
        : undefined;
    if (z) return lastMean(ops.sigmoidCrossEntropy(z, target));
    const p = clipProbability(yPred);
    const yes = ops.multiply(target, ops.log(p));
    const no = ops.multiply(ops.subtract(1, target), ops.log(ops.subtract(1, p)));
    return lastMean(ops.negative(ops.add(yes, no)));
  }

  override getConfig() {
    return { fromLogits: this.fromLogits, labelSmoothing: this.labelSmoothing };
  }
}
