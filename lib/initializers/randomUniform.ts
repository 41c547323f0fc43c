import { randomUniform } from '../ops/random.js';
import type { Tensor } from '../tensor.js';
import { Initializer, checkNumber } from './initializer.js';

/** Even numbers of a range. https://keras.io/api/layers/initializers/#randomuniform-class */
export class RandomUniform extends Initializer {
  readonly className = 'randomUniform';
  readonly minval: number;
  readonly maxval: number;

  /** @param options `minval`: default -0.05. `maxval`: default 0.05. `seed`: see Initializer.tensor. */
  constructor(options: { minval?: number; maxval?: number; seed?: number } = {}) {
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
