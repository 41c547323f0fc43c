import { truncatedNormal } from '../ops/random.js';
import type { Tensor } from '../tensor.js';
import { Initializer, checkNumber } from './initializer.js';

/** Normal numbers, drawn again where they lie more than two standard deviations from the mean. https://keras.io/api/layers/initializers/#truncatednormal-class */
export class TruncatedNormal extends Initializer {
  readonly className = 'truncatedNormal';
  readonly mean: number;
  readonly stddev: number;

  /** @param options `mean`: default 0. `stddev`: default 0.05. `seed`: see Initializer.tensor. */
  constructor(options: { mean?: number; stddev?: number; seed?: number } = {}) {
    super(options.seed);
    this.mean = checkNumber('truncatedNormal', 'mean', options.mean ?? 0);
    this.stddev = checkNumber('truncatedNormal', 'stddev', options.stddev ?? 0.05);
  }

  protected draw(shape: readonly number[], seed: number): Tensor {
    return truncatedNormal(shape, { mean: this.mean, stddev: this.stddev, seed });
  }

  override getConfig() {
    return { mean: this.mean, stddev: this.stddev, ...super.getConfig() };
  }
}
