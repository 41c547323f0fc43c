import { type OptionNames, finite, knownOptionsOf } from '../base/checks.js';
import { type Tensor, full } from '../core/tensor.js';
import { Initializer } from './initializer.js';

/** What `initializers.constant` takes. */
export interface ConstantOptions {
  /** The value of each number. Default 0. */
  value?: number;
}

/** All numbers alike: made by `initializers.constant`, which says more. */
export class Constant extends Initializer {
  static override readonly optionNames: object = { value: 'optional' } satisfies OptionNames<ConstantOptions>;
  readonly className = 'Constant';
  /** The value of each number. */
  readonly value: number;

  constructor(options: ConstantOptions = {}) {
    const who = knownOptionsOf(new.target, options);
    super();
    this.value = finite(who, 'value', options.value ?? 0);
  }

  protected draw(shape: readonly number[]): Tensor {
    return full(shape, this.value);
  }

  override getConfig() {
    return { value: this.value };
  }
}

/**
 * All numbers alike, float32. https://keras.io/api/layers/initializers/#constant-class
 *
 * @throws EngineError `ARGUMENT` for a value that is no finite number.
 * @example layers.dense({ units: 1, biasInitializer: initializers.constant({ value: 0.1 }) });
 */
export const constant = (options?: ConstantOptions) => new Constant(options);
