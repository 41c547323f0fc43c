import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { warnOnce } from '../base/warn.js';

/** Logarithms stay finite: Keras's epsilon. */
const EPSILON = 1e-7;

/** x within [EPSILON, 1 - EPSILON]. @internal */
export const clipProbability = (x: Sym): Sym => ops.minimum(ops.maximum(x, EPSILON), 1 - EPSILON);

/**
 * Logits whose softmax over the last axis is the prediction: what went into a softmax where the prediction is one (its logarithm
 * loses digits and its gradient vanishes), else the logarithm of the probabilities.
 *
 * @internal
 */
export function softmaxLogits(yPred: Sym, fromLogits: boolean): Sym {
  if (fromLogits) return logits(yPred, 'softmax');
  const axis = yPred.attrs['axis'];
  const overLast = axis === -1 || axis === yPred.rank - 1;
  return yPred.op === 'softmax' && overLast ? yPred.inputs[0] : ops.log(clipProbability(yPred));
}

/**
 * What a model puts out as logits, with Keras's warning where they are an activation's probabilities.
 *
 * @internal
 */
export function logits(yPred: Sym, activation: 'sigmoid' | 'softmax'): Sym {
  if (yPred.op === activation) {
    warnOnce(
      'NODEGRAD_LOGITS',
      `a loss with fromLogits: true received the output of ${activation}, which is no logits: leave out the activation or fromLogits`,
    );
  }
  return yPred;
}
