import { type OptionNames, knownOptionsOf } from '../checks.js';
import { EngineError } from '../errors.js';
import { randomNormal } from '../ops/random.js';
import { type Tensor, tensor } from '../tensor.js';
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
    const count = Math.min(rows, columns);
    const length = Math.max(rows, columns);
    const normal = randomNormal([count, length], { seed });
    const vectors = orthonormal(Float64Array.from(normal.dataSync()), count, length);
    normal.dispose();
    const numbers = new Float32Array(rows * columns);
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < columns; c++)
        numbers[r * columns + c] =
          this.gain * (rows < columns ? vectors[r * length + c] : vectors[c * length + r]);
    return tensor(numbers, shape);
  }

  override getConfig() {
    return { gain: this.gain, ...super.getConfig() };
  }
}

/** Modified Gram-Schmidt on the rows, twice: once more restores what rounding cost (Giraud et al., 2005). */
function orthonormal(rows: Float64Array, count: number, length: number): Float64Array {
  const row = (i: number) => rows.subarray(i * length, (i + 1) * length);
  for (let i = 0; i < count; i++) {
    const v = row(i);
    for (let pass = 0; pass < 2; pass++) {
      for (let j = 0; j < i; j++) {
        const u = row(j);
        const along = dot(u, v);
        for (let k = 0; k < length; k++) v[k] -= along * u[k];
      }
    }
    const norm = Math.sqrt(dot(v, v));
    for (let k = 0; k < length; k++) v[k] /= norm;
  }
  return rows;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k] * b[k];
  return sum;
}
