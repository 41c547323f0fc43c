import { type NoOptions, knownOptionsOf } from '../base/checks.js';
import * as tensors from '../core/tensor.js';
import { Initializer } from './initializer.js';

/** All numbers 1: made by `initializers.ones`, which says more. */
export class Ones extends Initializer {
  static override readonly optionNames: object = {};
  /** Other names for it. */
  static readonly aliases = ['one'] as const;
  readonly className = 'Ones';

  constructor(options: NoOptions = {}) {
    super();
    knownOptionsOf(new.target, options);
  }

  protected draw(shape: readonly number[]): tensors.Tensor {
    return tensors.ones(shape);
  }
}

/**
 * All numbers 1, float32. https://keras.io/api/layers/initializers/#ones-class
 *
 * @example layers.dense({ units: 8, biasInitializer: initializers.ones() });
 */
export const ones = (options?: NoOptions) => new Ones(options);
