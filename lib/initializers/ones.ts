import { type Tensor, ones } from '../tensor.js';
import { Initializer } from './initializer.js';

/** All numbers 1. https://keras.io/api/layers/initializers/#ones-class */
export class Ones extends Initializer {
  readonly className = 'ones';

  protected draw(shape: readonly number[]): Tensor {
    return ones(shape);
  }
}
