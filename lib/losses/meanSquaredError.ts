import { factoryName } from '../base/names.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { align, lastMean } from './align.js';
import { Loss, type LossOptions } from './loss.js';

/** The loss that {@link meanSquaredError} makes. */
export class MeanSquaredError extends Loss {
  /** Other names for it. */
  static readonly aliases = ['mse'] as const;
  readonly className = 'MeanSquaredError';

  call(yTrue: Sym, yPred: Sym): Sym {
    return lastMean(ops.square(ops.subtract(yPred, align(factoryName(this.className), yTrue, yPred))));
  }
}

/**
 * The mean of (yTrue − yPred)² over the last axis. https://keras.io/api/losses/regression_losses/#meansquarederror-class
 *
 * Targets have the shape of the predictions, [n, ...], of which an axis of size 1 at the end may be missing; any dtype.
 *
 * @throws EngineError `SHAPE`, from the first step, for targets of another shape.
 * @example model.compile({ optimizer: 'adam', loss: losses.meanSquaredError() }); // or loss: 'mse'
 */
export const meanSquaredError = (options?: LossOptions) => new MeanSquaredError(options);
