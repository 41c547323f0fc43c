import { atLeast } from '../base/list.js';
import { asSym } from './composed.js';
import { type Operand, typeOf } from '../core/apply.js';
import { add, divide, greaterEqual, less, logicalAnd, subtract, where } from './binary.js';
import { positions } from './positions.js';
import { max, sum } from './reduce.js';
import { resized } from './resized.js';
import { broadcastTo, expandDims } from './shape.js';
import { softmax } from './softmax.js';
import { abs, exp, stopGradient } from './unary.js';
import type { Sym } from '../core/sym.js';

/**
 * What is added to the score of a position that is not seen: it leaves nothing of the score. Where a step sees none it sees all alike, as in
 * Keras.
 */
const UNSEEN = -1e30;

/** [n, positions, heads, size] with each head as often as it takes to have so many. @internal */
export function repeatedHeads(x: Operand, heads: number): Operand {
  const [, , own] = atLeast(typeOf(x).shape, 3);
  if (own === heads) return x;
  const copies = broadcastTo(expandDims(x, 3), [-1, -1, -1, heads / own, -1]);
  return resized(copies, [{ axis: 0 }, { axis: 1 }, heads, { axis: 4 }]);
}

/** Whether each step of the query sees each position: its own and those before. bool [steps, positions]. @internal */
export const causalMask = (query: Operand, key: Operand): Sym =>
  asSym(greaterEqual(expandDims(positions(query, 1), 1), positions(key, 1)));

/** The same for positions that are less than a number of steps away. @internal */
export const windowMask = (query: Operand, key: Operand, width: number): Sym =>
  asSym(less(abs(subtract(expandDims(positions(query, 1), 1), positions(key, 1))), width));

/** The softmax of what all masks let see, over the last axes. @internal */
export function maskedSoftmax(scores: Operand, masks: readonly Operand[], axes = 1): Operand {
  const mask = masks.length > 0 ? masks.reduce((a, b) => logicalAnd(a, b)) : undefined;
  const seen: Operand = mask === undefined ? scores : add(scores, where(mask, 0, UNSEEN));
  if (axes === 1) return softmax(seen);
  const axis = Array.from({ length: axes }, (_, i) => i - axes);
  const powers = exp(subtract(seen, stopGradient(max(seen, { axis, keepDims: true }))));
  return divide(powers, sum(powers, { axis, keepDims: true }));
}
