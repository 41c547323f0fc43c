import { type OptionNames, finite, knownOptionsOf, wrongShape } from '../base/checks.js';
import { atLeast } from '../base/list.js';
import { type Tensor, tensor } from '../core/tensor.js';
import { Initializer } from './initializer.js';

/** What `initializers.identity` takes. */
export interface IdentityOptions {
  /** What stands on the diagonal. Default 1. */
  gain?: number;
}

/** A number on the diagonal of a matrix, 0 elsewhere: made by `initializers.identity`, which says more. */
export class Identity extends Initializer {
  static override readonly optionNames: object = {
    gain: 'optional',
  } satisfies OptionNames<IdentityOptions>;
  /** Other names for it. */
  static readonly aliases = ['identityInitializer'] as const;
  readonly className = 'Identity';
  /** What stands on the diagonal. */
  readonly gain: number;

  constructor(options: IdentityOptions = {}) {
    const who = knownOptionsOf(new.target, options);
    super();
    this.gain = finite(who, 'gain', options.gain ?? 1);
  }

  protected draw(shape: readonly number[]): Tensor {
    if (shape.length !== 2) throw wrongShape('identity', 'a shape of two axes', shape);
    const [rows, columns] = atLeast(shape, 2);
    const numbers = new Float32Array(rows * columns);
    for (let i = 0; i < Math.min(rows, columns); i++) numbers[i * columns + i] = this.gain;
    return tensor(numbers, shape);
  }

  override getConfig() {
    return { gain: this.gain };
  }
}

/**
 * The identity matrix times a gain, float32 [rows, columns]; of a matrix that is not square the diagonal from its first place.
 * https://keras.io/api/layers/initializers/#identity-class
 *
 * @throws EngineError `ARGUMENT` for a gain that is no finite number; `SHAPE`, when the weight is made, for another rank.
 * @example layers.simpleRNN({ units: 8, activation: 'relu', recurrentInitializer: initializers.identity() });
 */
export const identity = (options?: IdentityOptions) => new Identity(options);
