import { type OptionNames, knownOptionsOf } from '../checks.js';
import { EngineError } from '../errors.js';
import { apply } from '../ops/apply.js';
import { mul } from '../ops/binary.js';
import { randomNormal } from '../ops/random.js';
import { reshape, transpose } from '../ops/shape.js';
import type { Tensor } from '../tensor.js';
import { Initializer, checkNumber } from './initializer.js';

export interface OrthogonalOptions {
  /** What the orthonormal matrix is multiplied by. Default 1. */
  gain?: number;
  /** The same seed gives the same numbers. By default one from `setSeed`, else a random one. */
  seed?: number;
}

/**
 * A matrix [all but the last axis, last axis] whose rows or columns are orthonormal, times the gain. Saxe et al., 2014.
 * https://keras.io/api/layers/initializers/#orthogonalinitializer-class
 */
export class Orthogonal extends Initializer {
  static readonly optionNames: object = {
    gain: 'optional',
    seed: 'optional',
  } satisfies OptionNames<OrthogonalOptions>;
  readonly className = 'orthogonal';
  readonly gain: number;

  constructor(options: OrthogonalOptions = {}) {
    knownOptionsOf(new.target, options);
    super(options.seed);
    this.gain = checkNumber('orthogonal', 'gain', options.gain ?? 1);
  }

  protected draw(shape: readonly number[], seed: number): Tensor {
    if (shape.length < 2) {
      throw new EngineError(
        'SHAPE',
        `[orthogonal] expected a shape of two or more axes, received [${shape.join(', ')}]`,
      );
    }
    const columns = shape.at(-1)!;
    const rows = shape.slice(0, -1).reduce((product, n) => product * n, 1);
    using normal = randomNormal([Math.min(rows, columns), Math.max(rows, columns)], { seed });
    using vectors = apply('orthonormalRows', [normal]);
    using scaled = mul(vectors, this.gain);
    using matrix = rows < columns ? scaled : transpose(scaled);
    return reshape(matrix, shape);
  }

  override getConfig() {
    return { gain: this.gain, ...super.getConfig() };
  }
}
