import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { drawing } from './drawing.js';
import { Dropout, type DropoutOptions } from './dropout.js';

/** What a dropped number becomes: selu's value far below 0. */
const LOWEST = -1.6732632423543772 * 1.0507009873554805;

/** Dropout that keeps mean and variance: made by `layers.alphaDropout`, which says more. */
export class AlphaDropout extends Dropout {
  override readonly className = 'AlphaDropout';

  protected override drop(x: Sym, mask: Sym, key: Sym | undefined): Sym {
    const rate = this.rateBelowOne();
    const kept = ops.greaterEqual(ops.randomUniform(mask, drawing(x, key, this.seed)), rate);
    const scale = ((1 - rate) * (1 + rate * LOWEST ** 2)) ** -0.5;
    const offset = -scale * LOWEST * rate;
    return ops.add(ops.multiply(ops.where(kept, x, LOWEST), scale), offset);
  }
}

/**
 * Dropout for nets with selu: while training, sets a share of the numbers to the value that selu has far below 0, and scales and shifts so
 * that mean 0 and variance 1 stay; else passes its input on. float32 of any shape, to the same. It has no weights. Klambauer et al., 2017,
 * https://arxiv.org/abs/1706.02515, https://keras.io/api/layers/regularization_layers/alpha_dropout/
 *
 * @throws EngineError `ARGUMENT` for a rate outside of [0, 1], or of 1 in training, a noiseShape or a seed that are none; `SHAPE`, when applied, where noiseShape
 *   does not fit.
 * @example layers.alphaDropout({ rate: 0.1 });
 */
export const alphaDropout = (options: DropoutOptions) => new AlphaDropout(options);
