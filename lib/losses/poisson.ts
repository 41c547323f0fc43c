import { factoryName } from '../base/names.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { align, lastMean } from './align.js';
import { EPSILON } from '../ops/probabilities.js';
import { Loss, type LossOptions } from './loss.js';

/** The loss that {@link poisson} makes. */
export class Poisson extends Loss {
  readonly className = 'Poisson';

  call(yTrue: Sym, yPred: Sym): Sym {
    const target = align(factoryName(this.className), yTrue, yPred);
    const fit = ops.multiply(target, ops.log(ops.add(yPred, EPSILON)));
    return lastMean(ops.subtract(yPred, fit));
  }
}

/**
 * The mean of yPred − yTrue · log(yPred + 1e-7) over the last axis: for counts, of which yPred is the expected number.
 * https://keras.io/api/losses/probabilistic_losses/#poisson-class
 *
 * Targets have the shape of the predictions, [n, ...], of which an axis of size 1 at the end may be missing; any dtype.
 *
 * @throws EngineError `SHAPE`, from the first step, for targets of another shape.
 * @example model.compile({ optimizer: 'adam', loss: losses.poisson() }); // or loss: 'poisson'
 */
export const poisson = (options?: LossOptions) => new Poisson(options);
