import { type NoOptions, knownOptionsOf } from '../base/checks.js';
import * as tensors from '../core/tensor.js';
import { Initializer } from './initializer.js';

/** All numbers 0: made by `initializers.zeros`, which says more. */
export class Zeros extends Initializer {
  static override readonly optionNames: object = {};
  /** Other names for it. */
  static readonly aliases = ['zero'] as const;
  readonly className = 'Zeros';

  constructor(options: NoOptions = {}) {
    super();
    knownOptionsOf(new.target, options);
  }

  protected draw(shape: readonly number[]): tensors.Tensor {
    return tensors.zeros(shape);
  }
}

/**
 * All numbers 0, float32: what biases begin as by default. https://keras.io/api/layers/initializers/#zeros-class
 *
 * @example layers.dense({ units: 8, kernelInitializer: initializers.zeros() });
 */
export const zeros = (options?: NoOptions) => new Zeros(options);
