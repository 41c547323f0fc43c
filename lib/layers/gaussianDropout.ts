import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { BaseDropout, type BaseDropoutOptions } from './baseDropout.js';
import { drawing } from './drawing.js';

/** What `layers.gaussianDropout` takes. */
export interface GaussianDropoutOptions extends BaseDropoutOptions {
  /** The rate of a dropout of the same variance, from 0 to 1; with 1 it does not train. */
  rate: number;
}

/** Multiplies by noise while training: made by `layers.gaussianDropout`, which says more. */
export class GaussianDropout extends BaseDropout {
  readonly className = 'GaussianDropout';
  readonly noiseShape = undefined;

  protected override drop(x: Sym, _mask: Sym, key: Sym | undefined): Sym {
    const rate = this.rateBelowOne();
    const stddev = Math.sqrt(rate / (1 - rate));
    return ops.multiply(x, ops.randomNormal(x, { mean: 1, stddev, ...drawing(x, key, this.seed) }));
  }
}

/**
 * While training, multiplies each number by normal noise of mean 1 and variance rate / (1 − rate), other noise each step; else passes its
 * input on. float32 of any shape, to the same. It has no weights. Srivastava et al., 2014.
 * https://keras.io/api/layers/regularization_layers/gaussian_dropout/
 *
 * @throws EngineError `ARGUMENT` for a rate outside of [0, 1], or of 1 in training, and a seed that is no integer.
 * @example layers.gaussianDropout({ rate: 0.2 });
 */
export const gaussianDropout = (options: GaussianDropoutOptions) => new GaussianDropout(options);
