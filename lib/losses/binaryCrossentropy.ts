import { factoryName } from '../base/names.js';
import type { Sym } from '../core/sym.js';
import * as ops from '../ops/index.js';
import { align, lastMean } from './align.js';
import { type CrossentropyOptions, SmoothedCrossentropy } from './smoothedCrossentropy.js';
import { smoothed } from '../ops/probabilities.js';

/** The loss that {@link binaryCrossentropy} makes. */
export class BinaryCrossentropy extends SmoothedCrossentropy {
  /** Other names for it. */
  static readonly aliases = ['bce'] as const;
  readonly className = 'BinaryCrossentropy';

  call(yTrue: Sym, yPred: Sym): Sym {
    const target = smoothed(align(factoryName(this.className), yTrue, yPred), this.labelSmoothing, 2);
    const { fromLogits } = this;
    return lastMean(ops.binaryCrossentropy(target, yPred, { fromLogits }), this.axis);
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
