import { factoryName } from '../base/names.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { align } from './align.js';
import { type CrossentropyOptions, SmoothedCrossentropy } from './smoothedCrossentropy.js';
import { smoothed } from '../ops/probabilities.js';

/** The loss that {@link categoricalCrossentropy} makes. */
export class CategoricalCrossentropy extends SmoothedCrossentropy {
  readonly className = 'CategoricalCrossentropy';

  call(yTrue: Sym, yPred: Sym): Sym {
    const { axis, fromLogits, labelSmoothing } = this;
    const given = align(factoryName(this.className), yTrue, yPred);
    const target = smoothed(given, labelSmoothing, given.shape.at(axis) ?? 1);
    return ops.categoricalCrossentropy(target, yPred, { fromLogits, axis });
  }
}

/**
 * The cross-entropy of one-hot targets y, or of any probabilities, with the probabilities p along an axis: −Σ y·log(p).
 * https://keras.io/api/losses/probabilistic_losses/#categoricalcrossentropy-class
 *
 * Targets have the shape of the predictions, [n, ..., classes], in any dtype. The output of a `softmax` is computed from its logits,
 * which loses no digits; other probabilities are cut to [1e-7, 1 − 1e-7]. For class numbers take
 * `sparseCategoricalCrossentropy`.
 *
 * @throws EngineError `SHAPE`, from the first step, for targets of another shape.
 * @example model.compile({ optimizer: 'adam', loss: losses.categoricalCrossentropy({ labelSmoothing: 0.1 }) });
 */
export const categoricalCrossentropy = (options?: CrossentropyOptions) =>
  new CategoricalCrossentropy(options);
