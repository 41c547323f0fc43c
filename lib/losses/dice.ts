import type { OptionNames } from '../base/checks.js';
import type { Sym } from '../core/sym.js';
import * as ops from '../ops/index.js';
import { lossNames } from './loss.js';
import { OverlapLoss, type OverlapLossOptions } from './overlapLoss.js';

/** The loss that {@link dice} makes. */
export class Dice extends OverlapLoss {
  static override readonly optionNames: object = {
    ...lossNames,
    axis: 'optional',
  } satisfies OptionNames<OverlapLossOptions>;
  readonly className = 'Dice';

  protected override overlap(target: Sym, yPred: Sym, sum: (x: Sym) => Sym) {
    return {
      common: ops.multiply(sum(ops.multiply(target, yPred)), 2),
      whole: ops.add(sum(target), sum(yPred)),
    };
  }
}

/**
 * 1 − 2 · Σ(yTrue · yPred) / (Σ yTrue + Σ yPred): for parts of an image that are small in it (Milletari et al. 2016).
 * https://keras.io/api/losses/segmentation_losses/#dice-class
 *
 * Targets have the shape of the predictions, [n, ...], of which an axis of size 1 at the end may be missing; any dtype. With an axis of
 * null all samples of a batch have one loss together.
 *
 * @throws EngineError `SHAPE`, from the first step, for targets of another shape.
 * @example model.compile({ optimizer: 'adam', loss: losses.dice({ axis: [1, 2, 3] }) });
 */
export const dice = (options?: OverlapLossOptions) => new Dice(options);
