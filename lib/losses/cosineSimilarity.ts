import { type OptionNames, axisNumber } from '../base/checks.js';
import { factoryName } from '../base/names.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { align } from './align.js';
import { EPSILON } from '../ops/probabilities.js';
import { Loss, type LossOptions, lossNames } from './loss.js';

/** What `losses.cosineSimilarity` takes. */
export interface CosineSimilarityOptions extends LossOptions {
  /** Along which axis; negative ones count from the end. Default -1. */
  axis?: number;
}

/** The loss that {@link cosineSimilarity} makes. */
export class CosineSimilarity extends Loss {
  static override readonly optionNames: object = {
    ...lossNames,
    axis: 'optional',
  } satisfies OptionNames<CosineSimilarityOptions>;
  readonly className = 'CosineSimilarity';

  /** Along which axis; negative ones count from the end. */
  readonly axis: number;

  constructor(options: CosineSimilarityOptions = {}) {
    super(options);
    const who = factoryName(new.target.name);
    this.axis = axisNumber(who, options.axis ?? -1);
  }

  call(yTrue: Sym, yPred: Sym): Sym {
    const target = align(factoryName(this.className), yTrue, yPred);
    const { axis } = this;
    // Of a vector of zeros, zeros: with gradient 0 instead of NaN.
    const unit = (x: Sym) =>
      ops.multiply(x, ops.rsqrt(ops.maximum(ops.sum(ops.square(x), { axis, keepDims: true }), EPSILON ** 2)));
    return ops.negative(ops.sum(ops.multiply(unit(target), unit(yPred)), { axis }));
  }

  override getConfig() {
    return { ...super.getConfig(), axis: this.axis };
  }
}

/**
 * Minus the cosine of the angle between yTrue and yPred along an axis: −1 for one direction, 0 for orthogonal vectors, 1 for opposite ones.
 * https://keras.io/api/losses/regression_losses/#cosinesimilarity-class
 *
 * Targets have the shape of the predictions, [n, ...], of which an axis of size 1 at the end may be missing; any dtype.
 *
 * @throws EngineError `SHAPE`, from the first step, for targets of another shape.
 * @example model.compile({ optimizer: 'adam', loss: losses.cosineSimilarity() });
 */
export const cosineSimilarity = (options?: CosineSimilarityOptions) => new CosineSimilarity(options);
