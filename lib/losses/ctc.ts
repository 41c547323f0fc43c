import { wrongShape } from '../base/checks.js';
import { factoryName } from '../base/names.js';
import type { Sym } from '../core/sym.js';
import * as ops from '../ops/index.js';
import { toIndices } from '../ops/toIndices.js';
import { checkSymbolic } from './align.js';
import { Loss, type LossOptions } from './loss.js';

/** The loss that {@link ctc} makes. */
export class CTC extends Loss {
  readonly className = 'CTC';

  call(yTrue: Sym, yPred: Sym): Sym {
    const who = factoryName(this.className);
    checkSymbolic(who, yTrue, yPred);
    if (yTrue.rank !== 2) throw wrongShape(who, 'targets [n, labels]', yTrue.shape);
    if (yPred.rank !== 3) throw wrongShape(who, 'an output [n, steps, classes]', yPred.shape);
    const labels = toIndices(yTrue);
    const labelLengths = ops.countNonzero(labels, { axis: 1 });
    // All steps count, of which there may be as many as the step of the training tells.
    const steps = ops.sum(ops.onesLike(ops.max(yPred, { axis: 2 })), { axis: 1 });
    return ops.ctcLoss(labels, yPred, labelLengths, ops.cast(steps, 'int32'));
  }
}

/**
 * The connectionist temporal classification loss, {@link ops.ctcLoss}: minus the logarithm of the probability that the steps, without repeated
 * classes and then without 0, are the labels (Graves et al. 2006). https://keras.io/api/losses/probabilistic_losses/#ctc-class
 *
 * Predictions are logits [n, steps, classes], of which class 0 stands for no label; targets [n, labels], whole numbers in any dtype, filled
 * up with 0.
 *
 * @throws EngineError `SHAPE`, from the first step, for other ranks; `ARGUMENT`, from a step, for a label that is no class.
 * @example model.compile({ optimizer: 'adam', loss: losses.ctc() });
 */
export const ctc = (options?: LossOptions) => new CTC(options);
