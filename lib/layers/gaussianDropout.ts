import { type OptionNames, seedOf, share } from '../base/checks.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { drawing } from './drawing.js';
import { type CallContext, Layer, type LayerOptions } from './layer.js';

/** What `layers.gaussianDropout` takes. */
export interface GaussianDropoutOptions extends LayerOptions {
  /** The rate of a dropout of the same variance, from 0 up to, not including, 1. */
  rate: number;
  /** An integer that decides the noise, whatever the seed of the training. Default none. */
  seed?: number | null;
}

/** Multiplies by noise while training: made by `layers.gaussianDropout`, which says more. */
export class GaussianDropout extends Layer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    rate: 'required',
    seed: 'optional',
  } satisfies OptionNames<GaussianDropoutOptions>;
  readonly className = 'GaussianDropout';
  override readonly supportsMasking = true;
  /** The rate of a dropout of the same variance. */
  readonly rate: number;
  /** Decides the noise, where it was given. */
  readonly seed: number | undefined;

  constructor(options: GaussianDropoutOptions) {
    super(options);
    this.rate = share('gaussianDropout', 'rate', options.rate);
    this.seed = options.seed == null ? undefined : seedOf('gaussianDropout', options.seed);
  }

  call(x: Sym, { training, key }: CallContext): Sym {
    const { rate, seed } = this;
    if (!training || rate === 0) return x;
    const stddev = Math.sqrt(rate / (1 - rate));
    return ops.multiply(x, ops.randomNormal(x, { mean: 1, stddev, ...drawing(x, key, seed) }));
  }

  override getConfig() {
    return { ...super.getConfig(), rate: this.rate, seed: this.seed ?? null };
  }
}

/**
 * While training, multiplies each number by normal noise of mean 1 and variance rate / (1 − rate), other noise each step; else passes its
 * input on. float32 of any shape, to the same. It has no weights. Srivastava et al., 2014.
 * https://keras.io/api/layers/regularization_layers/gaussian_dropout/
 *
 * @throws EngineError `ARGUMENT` for a rate outside of [0, 1) or a seed that is no integer.
 * @example layers.gaussianDropout({ rate: 0.2 });
 */
export const gaussianDropout = (options: GaussianDropoutOptions) => new GaussianDropout(options);
