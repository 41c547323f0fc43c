import { factoryName } from '../base/names.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { align, lastMean } from './align.js';
import { Loss, type LossOptions } from './loss.js';

/** The loss that {@link logCosh} makes. */
export class LogCosh extends Loss {
  readonly className = 'LogCosh';

  call(yTrue: Sym, yPred: Sym): Sym {
    const target = align(factoryName(this.className), yTrue, yPred);
    const error = ops.subtract(yPred, target);
    return lastMean(ops.subtract(ops.add(error, ops.softplus(ops.multiply(error, -2))), Math.LN2));
  }
}

/**
 * The mean of log(cosh(yPred − yTrue)) over the last axis: about half the square of small errors, and large ones less log 2.
 * https://keras.io/api/losses/regression_losses/#logcosh-class
 *
 * Targets have the shape of the predictions, [n, ...], of which an axis of size 1 at the end may be missing; any dtype.
 *
 * @throws EngineError `SHAPE`, from the first step, for targets of another shape.
 * @example model.compile({ optimizer: 'adam', loss: losses.logCosh() }); // or loss: 'logCosh'
 */
export const logCosh = (options?: LossOptions) => new LogCosh(options);
