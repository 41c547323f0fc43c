import { factoryName } from '../base/names.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { align, lastMean } from './align.js';
import { Loss, type LossOptions } from './loss.js';

/** The loss that {@link meanAbsoluteError} makes. */
export class MeanAbsoluteError extends Loss {
  /** Other names for it. */
  static readonly aliases = ['mae'] as const;
  readonly className = 'MeanAbsoluteError';

  call(yTrue: Sym, yPred: Sym): Sym {
    return lastMean(ops.abs(ops.subtract(yPred, align(factoryName(this.className), yTrue, yPred))));
  }
}

/**
 * The mean of |yTrue − yPred| over the last axis. https://keras.io/api/losses/regression_losses/#meanabsoluteerror-class
 *
 * Targets have the shape of the predictions, [n, ...], of which an axis of size 1 at the end may be missing; any dtype.
 *
 * @throws EngineError `SHAPE`, from the first step, for targets of another shape.
 * @example model.compile({ optimizer: 'adam', loss: losses.meanAbsoluteError() }); // or loss: 'mae'
 */
export const meanAbsoluteError = (options?: LossOptions) => new MeanAbsoluteError(options);
