import { factoryName } from '../base/names.js';
import { type OptionNames, atLeastZero, seedOf } from '../base/checks.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { drawing } from './drawing.js';
import { type CallContext, Layer, type LayerOptions } from './layer.js';

/** What `layers.gaussianNoise` takes. */
export interface GaussianNoiseOptions extends LayerOptions {
  /** The standard deviation of the noise, 0 or more. */
  stddev: number;
  /** An integer that decides the noise, whatever the seed of the training. Default none. */
  seed?: number | null;
}

/** Adds noise while training: made by `layers.gaussianNoise`, which says more. */
export class GaussianNoise extends Layer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    stddev: 'required',
    seed: 'optional',
  } satisfies OptionNames<GaussianNoiseOptions>;
  readonly className = 'GaussianNoise';
  override readonly supportsMasking = true;
  /** The standard deviation of the noise. */
  readonly stddev: number;
  /** Decides the noise, where it was given. */
  readonly seed: number | undefined;

  constructor(options: GaussianNoiseOptions) {
    super(options);
    const who = factoryName(new.target.name);
    this.stddev = atLeastZero(who, 'stddev', options.stddev);
    this.seed = options.seed == null ? undefined : seedOf(who, options.seed);
  }

  call(x: Sym, { training, key }: CallContext): Sym {
    const { stddev, seed } = this;
    if (!training || stddev === 0) return x;
    return ops.gaussianNoise(x, { stddev, ...drawing(x, key, seed) });
  }

  override getConfig() {
    const { stddev, seed = null } = this;
    return { ...super.getConfig(), stddev, seed };
  }
}

/**
 * While training, adds normal noise of mean 0, other noise each step; else passes its input on. float32 of any shape, to the same. It
 * has no weights. https://keras.io/api/layers/regularization_layers/gaussian_noise/
 *
 * @throws EngineError `ARGUMENT` for a standard deviation below 0 or a seed that is no integer.
 * @example layers.gaussianNoise({ stddev: 0.1 });
 */
export const gaussianNoise = (options: GaussianNoiseOptions) => new GaussianNoise(options);
