import { firstOf } from '../base/list.js';
import { warnOnce } from '../base/warn.js';
import { typeOf } from '../core/apply.js';
import type { Sym } from '../core/sym.js';
import { add, maximum, minimum, multiply, subtract } from './binary.js';
import { sigmoidCrossEntropy } from './losses.js';
import { moveaxis } from './manipulate.js';
import { log, negative, sigmoid } from './unary.js';

/** Logarithms stay finite: Keras's epsilon. @internal */
export const EPSILON = 1e-7;

const rankOf = (x: Sym): number => typeOf(x).shape.length;

/** x within [EPSILON, 1 - EPSILON]. @internal */
export const clipProbability = (x: Sym): Sym => minimum(maximum(x, EPSILON), 1 - EPSILON);

/**
 * Logits whose softmax over an axis is the prediction, with that axis moved to the end: what went into a softmax where the prediction is one (its logarithm
 * loses digits and its gradient vanishes), else the logarithm of the probabilities.
 *
 * @internal
 */
export function softmaxLogits(yPred: Sym, fromLogits: boolean, axis = -1): Sym {
  if (fromLogits) return toLast(logits(yPred, 'softmax'), axis);
  const rank = rankOf(yPred);
  const isSoftmax =
    yPred.op === 'softmax' && [axis, axis + rank, axis - rank].includes(yPred.attrs['axis'] as number);
  return toLast(isSoftmax ? firstOf(yPred.inputs) : log(clipProbability(yPred)), axis);
}

/** With an axis moved to the end. @internal */
export const toLast = (x: Sym, axis: number): Sym =>
  axis === -1 || axis === rankOf(x) - 1 ? x : moveaxis(x, axis, -1);

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

/** Targets of which a share is spread evenly over all classes. @internal */
export const smoothed = (target: Sym, share: number, classes: number): Sym =>
  share === 0 ? target : add(multiply(target, 1 - share), share / classes);

/** The binary cross-entropy of each number with its target, and the probability. @internal */
export function binaryEntropy(target: Sym, yPred: Sym, fromLogits: boolean): { entropy: Sym; p: Sym } {
  const z = fromLogits ? logits(yPred, 'sigmoid') : yPred.op === 'sigmoid' ? yPred.inputs[0] : undefined;
  if (z) return { entropy: sigmoidCrossEntropy(z, target), p: sigmoid(z) };
  const p = clipProbability(yPred);
  const yes = multiply(target, log(p));
  const no = multiply(subtract(1, target), log(subtract(1, p)));
  return { entropy: negative(add(yes, no)), p: yPred };
}
