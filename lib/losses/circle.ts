import { type OptionNames, expected, finite } from '../base/checks.js';
import { factoryName } from '../base/names.js';
import { toIndices } from '../ops/toIndices.js';
import { positions } from '../ops/positions.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { checkSymbolic } from './align.js';
import { Loss, type LossOptions, lossNames } from './loss.js';

/** What `losses.circle` takes. */
export interface CircleOptions extends LossOptions {
  /** The largest scale of a similarity. Default 80. */
  gamma?: number;
  /** Below this distance pairs of different classes weigh more, above it those of one class. Default 0.4. */
  margin?: number;
  /** Whether a sample is no pair with itself. Default true. */
  removeDiagonal?: boolean;
}

/** Below every logarithm: its exponential is 0, and no NaN comes of it. */
const LOWEST = -1e30;

/** The loss that {@link circle} makes. */
export class Circle extends Loss {
  static override readonly optionNames: object = {
    ...lossNames,
    gamma: 'optional',
    margin: 'optional',
    removeDiagonal: 'boolean',
  } satisfies OptionNames<CircleOptions>;
  readonly className = 'Circle';
  /** The largest scale of a similarity. */
  readonly gamma: number;
  /** Below this distance pairs of different classes weigh more, above it those of one class. */
  readonly margin: number;
  /** Whether a sample is no pair with itself. */
  readonly removeDiagonal: boolean;

  constructor(options: CircleOptions = {}) {
    super(options);
    const who = factoryName(new.target.name);
    this.gamma = finite(who, 'gamma', options.gamma ?? 80);
    this.margin = finite(who, 'margin', options.margin ?? 0.4);
    this.removeDiagonal = options.removeDiagonal ?? true;
  }

  call(yTrue: Sym, yPred: Sym): Sym {
    const who = factoryName(this.className);
    checkSymbolic(who, yTrue, yPred);
    const flat = yTrue.rank === 2 && yTrue.shape[1] === 1 ? ops.squeeze(yTrue, 1) : yTrue;
    if (yPred.rank !== 2 || flat.rank !== 1)
      throw expected(who, 'embeddings [n, size] and class numbers [n]', yTrue, 'SHAPE');
    const { gamma, margin } = this;
    const labels = toIndices(flat);
    const pairs = (x: Sym, same: (a: Sym, b: Sym) => Sym) => same(ops.expandDims(x, 1), ops.expandDims(x, 0));
    const alike = pairs(labels, ops.equal);
    const places = positions(yPred, 0) as Sym;
    const others = this.removeDiagonal
      ? ops.logicalAnd(alike, ops.notEqual(ops.expandDims(places, 1), ops.expandDims(places, 0)))
      : alike;
    const distance = ops.maximum(ops.subtract(1, ops.matmul(yPred, ops.transpose(yPred))), 0);
    const positive = ops.multiply(
      ops.multiply(ops.maximum(ops.add(distance, margin), 0), ops.subtract(distance, margin)),
      gamma,
    );
    const negative = ops.multiply(
      ops.multiply(ops.maximum(ops.subtract(1 + margin, distance), 0), ops.subtract(1 - margin, distance)),
      gamma,
    );
    const over = (values: Sym, of: Sym) => ops.logsumexp(ops.where(of, values, LOWEST), { axis: 1 });
    const loss = ops.softplus(ops.add(over(positive, others), over(negative, ops.logicalNot(alike))));
    // As in Keras samples without a loss, such as those without a pair, do not count.
    loss.mask = ops.greater(loss, 0);
    return loss;
  }

  override getConfig() {
    const { gamma, margin, removeDiagonal } = this;
    return { ...super.getConfig(), gamma, margin, removeDiagonal };
  }
}

/**
 * Brings embeddings of one class together and those of different classes apart, each pair the more the farther it is from where it shall
 * be (Sun et al. 2020). https://keras.io/api/losses/
 *
 * Predictions are embeddings [n, size] of length 1, as `layers.unitNormalization` gives them; targets class numbers [n] or [n, 1].
 *
 * @throws EngineError `SHAPE`, from the first step, for other shapes.
 * @example model.compile({ optimizer: 'adam', loss: losses.circle({ margin: 0.25 }) });
 */
export const circle = (options?: CircleOptions) => new Circle(options);
