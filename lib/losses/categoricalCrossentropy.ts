import { type OptionNames, knownOptionsOf } from '../base/checks.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { align } from './align.js';
import type { CrossentropyOptions } from './binaryCrossentropy.js';
import { Loss } from './loss.js';
import { checkSmoothing, softmaxLogits } from './probabilities.js';

/** The loss that {@link categoricalCrossentropy} makes. */
export class CategoricalCrossentropy extends Loss implements CrossentropyOptions {
  static override readonly optionNames: object = {
    fromLogits: 'boolean',
    labelSmoothing: 'optional',
  } satisfies OptionNames<CrossentropyOptions>;
  readonly className = 'categoricalCrossentropy';
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
    const classes = yPred.shape[yPred.rank - 1];
    const target = smoothing === 0 ? given : ops.add(ops.multiply(given, 1 - smoothing), smoothing / classes);
    const logits = softmaxLogits(yPred, this.fromLogits);
    return ops.softmaxCrossEntropy(logits, target);
  }

  override getConfig() {
    return { fromLogits: this.fromLogits, labelSmoothing: this.labelSmoothing };
  }
}
