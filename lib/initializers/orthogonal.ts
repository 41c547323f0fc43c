import { type OptionNames, finite, knownOptionsOf, wrongShape } from '../base/checks.js';
import { sizeOf } from '../base/list.js';
import { apply } from '../core/apply.js';
import { multiply } from '../ops/binary.js';
import { randomNormal } from '../ops/random.js';
import { reshape, transpose } from '../ops/shape.js';
import { type Tensor } from '../core/tensor.js';
import { Initializer, type SeedOptions } from './initializer.js';

/** What `initializers.orthogonal` takes. */
export interface OrthogonalOptions extends SeedOptions {
  /** What the orthonormal matrix is multiplied by. Default 1. */
  gain?: number;
}

/** A matrix with orthonormal rows or columns: made by `initializers.orthogonal`, which says more. */
export class Orthogonal extends Initializer {
  static override readonly optionNames: object = {
    gain: 'optional',
    seed: 'optional',
  } satisfies OptionNames<OrthogonalOptions>;
  /** Other names for it. */
  static readonly aliases = ['orthogonalInitializer'] as const;
  readonly className = 'Orthogonal';
  /** What the orthonormal matrix is multiplied by. */
  readonly gain: number;

  constructor(options: OrthogonalOptions = {}) {
    const who = knownOptionsOf(new.target, options);
    super(options.seed);
    this.gain = finite(who, 'gain', options.gain ?? 1);
  }

  protected draw(shape: readonly number[], seed: number): Tensor {
    if (shape.length < 2) {
      throw wrongShape('orthogonal', 'a shape of two or more axes', shape);
    }
    const columns = shape.at(-1)!;
    const rows = sizeOf(shape.slice(0, -1));
    using normal = randomNormal([Math.min(rows, columns), Math.max(rows, columns)], { seed });
    using vectors = apply('orthonormalRows', [normal]);
    using scaled = multiply(vectors, this.gain);
    using matrix = rows < columns ? scaled : transpose(scaled);
    return reshape(matrix, shape);
  }

  override getConfig() {
    return { gain: this.gain, ...super.getConfig() };
  }
}

/**
 * A matrix [all but the last axis, last axis] whose rows or columns are orthonormal, times a gain, float32: what recurrent kernels
 * begin as by default. Saxe et al., 2014. https://keras.io/api/layers/initializers/#orthogonalinitializer-class
 *
 * @throws EngineError `ARGUMENT` for a gain that is no finite number, or a seed that is no integer; `SHAPE`, when the weight is made,
 *   for fewer than two axes.
 * @example layers.dense({ units: 8, kernelInitializer: initializers.orthogonal({ gain: 1.4 }) });
 */
export const orthogonal = (options?: OrthogonalOptions) => new Orthogonal(options);
