import { factoryName } from '../base/names.js';
import type { Sym } from '../core/sym.js';
import { align, lastMean } from './align.js';
import { margin } from './margin.js';
import { Loss, type LossOptions } from './loss.js';

/** The loss that {@link hinge} makes. */
export class Hinge extends Loss {
  readonly className = 'Hinge';

  call(yTrue: Sym, yPred: Sym): Sym {
    const target = align(factoryName(this.className), yTrue, yPred);
    return lastMean(margin(target, yPred));
  }
}

/**
 * The mean of max(1 − yTrue · yPred, 0) over the last axis. yTrue is −1 or 1; a batch that is all 0 and 1 is read as such.
 * https://keras.io/api/losses/hinge_losses/#hinge-class
 *
 * Targets have the shape of the predictions, [n, ...], of which an axis of size 1 at the end may be missing; any dtype.
 *
 * @throws EngineError `SHAPE`, from the first step, for targets of another shape.
 * @example model.compile({ optimizer: 'adam', loss: losses.hinge() }); // or loss: 'hinge'
 */
export const hinge = (options?: LossOptions) => new Hinge(options);
