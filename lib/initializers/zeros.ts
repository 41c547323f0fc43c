import { type NoOptions, knownOptionsOf } from '../base/checks.js';
import { type Tensor, zeros } from '../core/tensor.js';
import { Initializer } from './initializer.js';

/** All numbers 0: made by `initializers.zeros`, which says more. */
export class Zeros extends Initializer {
  static override readonly optionNames: object = {};
  readonly className = 'zeros';

  constructor(options: NoOptions = {}) {
    super();
    knownOptionsOf(new.target, options);
  }

  protected draw(shape: readonly number[]): Tensor {
    return zeros(shape);
  }
}
