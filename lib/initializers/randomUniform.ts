import { type OptionNames, finite, knownOptionsOf } from '../base/checks.js';
import * as ops from '../ops/index.js';
import type { Tensor } from '../core/tensor.js';
import { Initializer, type SeedOptions } from './initializer.js';

/** What `initializers.randomUniform` takes. */
export interface RandomUniformOptions extends SeedOptions {
  /** The lower bound. Default -0.05. */
  minval?: number;
  /** The upper bound, not included. Default 0.05. */
  maxval?: number;
}

/** Even numbers of a range: made by `initializers.randomUniform`, which says more. */
export class RandomUniform extends Initializer {
  static override readonly optionNames: object = {
    minval: 'optional',
    maxval: 'optional',
    seed: 'optional',
  } satisfies OptionNames<RandomUniformOptions>;
  /** Other names for it. */
  static readonly aliases = ['uniform'] as const;
  readonly className = 'RandomUniform';
  /** The lower bound. */
  readonly minval: number;
  /** The upper bound, not included. */
  readonly maxval: number;

  constructor(options: RandomUniformOptions = {}) {
    const who = knownOptionsOf(new.target, options);
    super(options.seed);
    this.minval = finite(who, 'minval', options.minval ?? -0.05);
    this.maxval = finite(who, 'maxval', options.maxval ?? 0.05);
  }

  protected draw(shape: readonly number[], seed: number): Tensor {
    return ops.randomUniform(shape, { minval: this.minval, maxval: this.maxval, seed });
  }

  override getConfig() {
    return { minval: this.minval, maxval: this.maxval, ...super.getConfig() };
  }
}

/**
 * Numbers of a range, each as likely as any other, float32. https://keras.io/api/layers/initializers/#randomuniform-class
 *
 * @throws EngineError `ARGUMENT` for bounds that are no finite numbers, or a seed that is no integer.
 * @example layers.dense({ units: 8, kernelInitializer: initializers.randomUniform({ minval: -0.1, maxval: 0.1 }) });
 */
export const randomUniform = (options?: RandomUniformOptions) => new RandomUniform(options);
