import { factoryName } from '../base/names.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { align, lastMean } from './align.js';
import { EPSILON } from '../ops/probabilities.js';
import { Loss, type LossOptions } from './loss.js';

/** The loss that {@link meanAbsolutePercentageError} makes. */
export class MeanAbsolutePercentageError extends Loss {
  /** Other names for it. */
  static readonly aliases = ['mape'] as const;
  readonly className = 'MeanAbsolutePercentageError';

  call(yTrue: Sym, yPred: Sym): Sym {
    const target = align(factoryName(this.className), yTrue, yPred);
    const share = ops.divide(ops.subtract(target, yPred), ops.maximum(ops.abs(target), EPSILON));
    return ops.multiply(lastMean(ops.abs(share)), 100);
  }
}

/**
 * 100 · the mean of |yTrue − yPred| / max(|yTrue|, 1e-7) over the last axis.
 * https://keras.io/api/losses/regression_losses/#meanabsolutepercentageerror-class
 *
 * Targets have the shape of the predictions, [n, ...], of which an axis of size 1 at the end may be missing; any dtype.
 *
 * @throws EngineError `SHAPE`, from the first step, for targets of another shape.
 * @example model.compile({ optimizer: 'adam', loss: losses.meanAbsolutePercentageError() }); // or loss: 'mape'
 */
export const meanAbsolutePercentageError = (options?: LossOptions) =>
  new MeanAbsolutePercentageError(options);
