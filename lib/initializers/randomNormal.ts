import { type OptionNames, knownOptionsOf } from '../checks.js';
import { randomNormal } from '../ops/random.js';
import type { Tensor } from '../tensor.js';
import { Initializer, checkNumber } from './initializer.js';

export interface RandomNormalOptions {
  /** Default 0. */
  mean?: number;
  /** The standard deviation. Default 0.05. */
  stddev?: number;
  /** The same seed gives the same numbers. By default one from `setSeed`, else a random one. */
  seed?: number;
}

/** Normal numbers. https://keras.io/api/layers/initializers/#randomnormal-class */
export class RandomNormal extends Initializer {
  static readonly optionNames: object = {
    mean: 'optional',
    stddev: 'optional',
    seed: 'optional',
  } satisfies OptionNames<RandomNormalOptions>;
  readonly className = 'randomNormal';
  readonly mean: number;
  readonly stddev: number;

  constructor(options: RandomNormalOptions = {}) {
    knownOptionsOf(new.target, options);
    super(options.seed);
    this.mean = checkNumber('randomNormal', 'mean', options.mean ?? 0);
    this.stddev = checkNumber('randomNormal', 'stddev', options.stddev ?? 0.05);
  }

  protected draw(shape: readonly number[], seed: number): Tensor {
    return randomNormal(shape, { mean: this.mean, stddev: this.stddev, seed });
  }

  override getConfig() {
    return { mean: this.mean, stddev: this.stddev, ...super.getConfig() };
  }
}
