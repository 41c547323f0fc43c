import { type OptionNames, knownOptionsOf } from '../checks.js';
import { randomUniform } from '../ops/random.js';
import type { Tensor } from '../tensor.js';
import { Initializer, checkNumber } from './initializer.js';

export interface RandomUniformOptions {
  /** The lower bound. Default -0.05. */
  minval?: number;
  /** The upper bound, not included. Default 0.05. */
  maxval?: number;
  /** The same seed gives the same numbers. By default one from `setSeed`, else a random one. */
  seed?: number;
}

/** Even numbers of a range. https://keras.io/api/layers/initializers/#randomuniform-class */
export class RandomUniform extends Initializer {
  static readonly optionNames: object = {
    minval: 'optional',
    maxval: 'optional',
    seed: 'optional',
  } satisfies OptionNames<RandomUniformOptions>;
  readonly className = 'randomUniform';
  readonly minval: number;
  readonly maxval: number;

  constructor(options: RandomUniformOptions = {}) {
    knownOptionsOf(new.target, options);
    super(options.seed);
    this.minval = checkNumber('randomUniform', 'minval', options.minval ?? -0.05);
    this.maxval = checkNumber('randomUniform', 'maxval', options.maxval ?? 0.05);
  }

  protected draw(shape: readonly number[], seed: number): Tensor {
    return randomUniform(shape, { minval: this.minval, maxval: this.maxval, seed });
  }

  override getConfig() {
    return { minval: this.minval, maxval: this.maxval, ...super.getConfig() };
  }
}
