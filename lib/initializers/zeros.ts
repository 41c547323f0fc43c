import { type Tensor, zeros } from '../tensor.js';
import { Initializer } from './initializer.js';

/** All numbers 0. https://keras.io/api/layers/initializers/#zeros-class */
export class Zeros extends Initializer {
  readonly className = 'zeros';

  protected draw(shape: readonly number[]): Tensor {
    return zeros(shape);
  }
}
