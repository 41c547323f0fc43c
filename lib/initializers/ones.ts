import { type NoOptions, knownOptionsOf } from '../checks.js';
import { type Tensor, ones } from '../tensor.js';
import { Initializer } from './initializer.js';

/** All numbers 1. https://keras.io/api/layers/initializers/#ones-class */
export class Ones extends Initializer {
  static readonly optionNames: object = {};
  readonly className = 'ones';

  constructor(options: NoOptions = {}) {
    super();
    knownOptionsOf(new.target, options);
  }

  protected draw(shape: readonly number[]): Tensor {
    return ones(shape);
  }
}
