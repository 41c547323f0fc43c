import { factoryName } from '../base/names.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { align, lastMean } from './align.js';
import { EPSILON } from '../ops/probabilities.js';
import { Loss, type LossOptions } from './loss.js';

/** The loss that {@link meanSquaredLogarithmicError} makes. */
export class MeanSquaredLogarithmicError extends Loss {
  /** Other names for it. */
  static readonly aliases = ['msle'] as const;
  readonly className = 'MeanSquaredLogarithmicError';

  call(yTrue: Sym, yPred: Sym): Sym {
    const target = align(factoryName(this.className), yTrue, yPred);
    const log = (x: Sym) => ops.log1p(ops.maximum(x, EPSILON));
    return lastMean(ops.square(ops.subtract(log(yPred), log(target))));
  }
}

/**
 * The mean of (log(1 + yTrue) − log(1 + yPred))² over the last axis, of numbers of 1e-7 and more.
 * https://keras.io/api/losses/regression_losses/#meansquaredlogarithmicerror-class
 *
 * Targets have the shape of the predictions, [n, ...], of which an axis of size 1 at the end may be missing; any dtype.
 *
 * @throws EngineError `SHAPE`, from the first step, for targets of another shape.
 * @example model.compile({ optimizer: 'adam', loss: losses.meanSquaredLogarithmicError() }); // or loss: 'msle'
 */
export const meanSquaredLogarithmicError = (options?: LossOptions) =>
  new MeanSquaredLogarithmicError(options);
