import type { OptionNames } from '../checks.js';
import { EngineError, describe } from '../errors.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../sym.js';
import { type CallContext, Layer, type LayerOptions } from './layer.js';

export interface GaussianNoiseOptions extends LayerOptions {
  /** The standard deviation of the noise, 0 or more. */
  stddev: number;
  /** Decides the noise, whatever the seed of the training. Default none. */
  seed?: number;
}

/** While training, adds normal noise of mean 0, other noise each step; else passes its input on. https://keras.io/api/layers/regularization_layers/gaussian_noise/ */
export class GaussianNoise extends Layer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    stddev: 'required',
    seed: 'optional',
  } satisfies OptionNames<GaussianNoiseOptions>;
  readonly className = 'GaussianNoise';
  readonly stddev: number;
  readonly seed: number | undefined;

  constructor(options: GaussianNoiseOptions) {
    super(options);
    if (!Number.isFinite(options.stddev) || options.stddev < 0) {
      throw new EngineError(
        'ARGUMENT',
        `[gaussianNoise] expected stddev of 0 or more, received ${describe(options.stddev)}`,
      );
    }
    this.stddev = options.stddev;
    this.seed = options.seed;
  }

  call(x: Sym, { training, key }: CallContext): Sym {
    const { stddev, seed } = this;
    if (!training || stddev === 0) return x;
    return ops.gaussianNoise(x, {
      ...(seed === undefined ? { key } : { seed }),
      ...{ stddev, salt: x.trace.nextSalt() },
    });
  }

  override getConfig() {
    const { stddev, seed } = this;
    return { ...super.getConfig(), stddev, ...(seed !== undefined && { seed }) };
  }
}

/** See {@link GaussianNoise}. @example layers.gaussianNoise({ stddev: 0.1 }) */
export const gaussianNoise = (options: GaussianNoiseOptions) => new GaussianNoise(options);
