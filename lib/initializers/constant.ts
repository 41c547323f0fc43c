import { type OptionNames, knownOptionsOf } from '../checks.js';
import { type Tensor, full } from '../tensor.js';
import { Initializer, checkNumber } from './initializer.js';

export interface ConstantOptions {
  /** The value. Default 0. */
  value?: number;
}

/** All numbers alike. https://keras.io/api/layers/initializers/#constant-class */
export class Constant extends Initializer {
  static readonly optionNames: object = { value: 'optional' } satisfies OptionNames<ConstantOptions>;
  readonly className = 'constant';
  readonly value: number;

  constructor(options: ConstantOptions = {}) {
    knownOptionsOf(new.target, options);
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
