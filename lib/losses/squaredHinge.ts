import { factoryName } from '../base/names.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { align, lastMean } from './align.js';
import { margin } from './margin.js';
import { Loss, type LossOptions } from './loss.js';

/** The loss that {@link squaredHinge} makes. */
export class SquaredHinge extends Loss {
  readonly className = 'SquaredHinge';

  call(yTrue: Sym, yPred: Sym): Sym {
    const target = align(factoryName(this.className), yTrue, yPred);
    return lastMean(ops.square(margin(target, yPred)));
  }
}

/**
 * The mean of max(1 − yTrue · yPred, 0)² over the last axis. yTrue is −1 or 1; a batch that is all 0 and 1 is read as such.
 * https://keras.io/api/losses/hinge_losses/#squaredhinge-class
 *
 * Targets have the shape of the predictions, [n, ...], of which an axis of size 1 at the end may be missing; any dtype.
 *
 * @throws EngineError `SHAPE`, from the first step, for targets of another shape.
 * @example model.compile({ optimizer: 'adam', loss: losses.squaredHinge() }); // or loss: 'squaredHinge'
 */
export const squaredHinge = (options?: LossOptions) => new SquaredHinge(options);
