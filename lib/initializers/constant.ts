import { type Tensor, full } from '../tensor.js';
import { Initializer, checkNumber } from './initializer.js';

/** All numbers alike. https://keras.io/api/layers/initializers/#constant-class */
export class Constant extends Initializer {
  readonly className = 'constant';
  readonly value: number;

  /** @param options `value`: default 0. */
  constructor(options: { value?: number } = {}) {
    super();
    this.value = checkNumber('constant', 'value', options.value ?? 0);
  }

  protected draw(shape: readonly number[]): Tensor {
    return full(shape, this.value);
  }

  override getConfig() {
    return { value: this.value };
  }
}
