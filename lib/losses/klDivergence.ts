import { factoryName } from '../base/names.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { align } from './align.js';
import { EPSILON } from '../ops/probabilities.js';
import { Loss, type LossOptions } from './loss.js';

/** The loss that {@link klDivergence} makes. */
export class KLDivergence extends Loss {
  /** Other names for it. */
  static readonly aliases = ['kld'] as const;
  readonly className = 'KLDivergence';

  call(yTrue: Sym, yPred: Sym): Sym {
    const target = align(factoryName(this.className), yTrue, yPred);
    const clipped = (x: Sym) => ops.minimum(ops.maximum(x, EPSILON), 1);
    const given = clipped(target);
    return ops.sum(ops.multiply(given, ops.log(ops.divide(given, clipped(yPred)))), { axis: -1 });
  }
}

/**
 * The divergence of Kullback and Leibler, Σ yTrue · log(yTrue / yPred) over the last axis, of probabilities cut to [1e-7, 1].
 * https://keras.io/api/losses/probabilistic_losses/#kldivergence-class
 *
 * Targets have the shape of the predictions, [n, ...], of which an axis of size 1 at the end may be missing; any dtype.
 *
 * @throws EngineError `SHAPE`, from the first step, for targets of another shape.
 * @example model.compile({ optimizer: 'adam', loss: losses.klDivergence() }); // or loss: 'kld'
 */
export const klDivergence = (options?: LossOptions) => new KLDivergence(options);
