import { randomNormal } from '../ops/random.js';
import type { Tensor } from '../tensor.js';
import { Initializer, checkNumber } from './initializer.js';

/** Normal numbers. https://keras.io/api/layers/initializers/#randomnormal-class */
export class RandomNormal extends Initializer {
  readonly className = 'randomNormal';
  readonly mean: number;
  readonly stddev: number;

  /** @param options `mean`: default 0. `stddev`: default 0.05. `seed`: see Initializer.tensor. */
  constructor(options: { mean?: number; stddev?: number; seed?: number } = {}) {
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
