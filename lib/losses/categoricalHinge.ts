import { factoryName } from '../base/names.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { align } from './align.js';
import { Loss, type LossOptions } from './loss.js';

/** The loss that {@link categoricalHinge} makes. */
export class CategoricalHinge extends Loss {
  readonly className = 'CategoricalHinge';

  call(yTrue: Sym, yPred: Sym): Sym {
    const target = align(factoryName(this.className), yTrue, yPred);
    const right = ops.sum(ops.multiply(target, yPred), { axis: -1 });
    const wrong = ops.max(ops.multiply(ops.subtract(1, target), yPred), { axis: -1 });
    return ops.maximum(ops.add(ops.subtract(wrong, right), 1), 0);
  }
}

/**
 * max(1 + max((1 − yTrue) · yPred) − sum(yTrue · yPred), 0) over the last axis, with one-hot targets.
 * https://keras.io/api/losses/hinge_losses/#categoricalhinge-class
 *
 * Targets have the shape of the predictions, [n, ...], of which an axis of size 1 at the end may be missing; any dtype.
 *
 * @throws EngineError `SHAPE`, from the first step, for targets of another shape.
 * @example model.compile({ optimizer: 'adam', loss: losses.categoricalHinge() }); // or loss: 'categoricalHinge'
 */
export const categoricalHinge = (options?: LossOptions) => new CategoricalHinge(options);
