import { type OptionNames, atLeastZero, knownOptionsOf, oneOf, wrongShape } from '../base/checks.js';
import { atLeast } from '../base/list.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { Regularizer } from './regularizer.js';

const MODES = ['rows', 'columns'] as const;
/** The least square of a length: as in Keras, no length is below 1e-12. */
const LEAST = 1e-24;

/** What `regularizers.orthogonalRegularizer` takes. */
export interface OrthogonalRegularizerOptions {
  /** The factor of the mean, 0 or more. Default 0.01. */
  factor?: number;
  /** What is to become orthogonal: rows or columns of the matrix. Default `rows`. */
  mode?: (typeof MODES)[number];
}

/** A penalty on directions that are alike: made by `regularizers.orthogonalRegularizer`, which says more. */
export class OrthogonalRegularizer extends Regularizer {
  static override readonly optionNames: object = {
    factor: 'optional',
    mode: 'optional',
  } satisfies OptionNames<OrthogonalRegularizerOptions>;
  readonly className = 'OrthogonalRegularizer';
  /** The factor of the mean. */
  readonly factor: number;
  /** What is to become orthogonal. */
  readonly mode: (typeof MODES)[number];

  constructor(options: OrthogonalRegularizerOptions = {}) {
    const who = knownOptionsOf(new.target, options);
    super();
    this.factor = atLeastZero(who, 'factor', options.factor ?? 0.01);
    this.mode = oneOf(who, 'mode', options.mode ?? 'rows', MODES);
  }

  call(x: Sym): Sym {
    if (x.rank !== 2) throw wrongShape('orthogonalRegularizer', 'a weight of two axes', x.shape);
    const vectors = this.mode === 'rows' ? x : ops.transpose(x);
    const [count] = atLeast(vectors.shape, 1);
    // One vector has nothing to be orthogonal to.
    if (count < 2) return ops.multiply(ops.sum(x), 0);
    const squares = ops.sum(ops.square(vectors), { axis: 1, keepDims: true });
    const unit = ops.multiply(vectors, ops.rsqrt(ops.maximum(squares, LEAST)));
    const products = ops.abs(ops.matmul(unit, unit, { transposeB: true }));
    const others = ops.subtract(1, x.trace.lift(ops.identity(count)));
    return ops.multiply(ops.sum(ops.multiply(products, others)), this.factor / (count * (count - 1)));
  }

  override getConfig(): Record<string, unknown> {
    return { factor: this.factor, mode: this.mode };
  }
}

/**
 * Adds factor · the mean of |cosine| over all pairs of rows (or columns) of a matrix to the loss, so that they become orthogonal.
 * https://keras.io/api/layers/regularizers/#orthogonalregularizer-class
 *
 * @throws EngineError `ARGUMENT` for a factor below 0 or an unknown mode; `SHAPE`, when the loss is computed, for a weight that is no
 *   matrix.
 * @example layers.dense({ units: 10, kernelRegularizer: regularizers.orthogonalRegularizer({ mode: 'columns' }) });
 */
export const orthogonalRegularizer = (options?: OrthogonalRegularizerOptions) =>
  new OrthogonalRegularizer(options);
