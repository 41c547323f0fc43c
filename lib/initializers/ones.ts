import { type NoOptions, knownOptionsOf } from '../base/checks.js';
import { type Tensor, ones } from '../core/tensor.js';
import { Initializer } from './initializer.js';

/** All numbers 1: made by `initializers.ones`, which says more. */
export class Ones extends Initializer {
  static override readonly optionNames: object = {};
  readonly className = 'ones';

  constructor(options: NoOptions = {}) {
    super();
    knownOptionsOf(new.target, options);
  }

  protected draw(shape: readonly number[]): Tensor {
    return ones(shape);
  }
}
