import { type OptionNames, knownOptions } from '../base/checks.js';
import type { DType } from '../engine/engine.js';
import { type Operand, type Outcome, apply, dtypeFor, indexOperand, typeOf } from '../core/apply.js';
import { op } from '../core/op.js';
import { axisOf } from './axis.js';
import { outcomeOf } from './composed.js';
import { transpose } from './shape.js';
import { cast } from './unary.js';

/** What `ops.gather` takes. */
export interface GatherOptions {
  /** Along which axis; negative ones count from the end. Default 0. */
  axis?: number;
  /** How many leading axes x and the indices share. Default 0. */
  batchDims?: number;
}

const gatherNames = { axis: 'optional', batchDims: 'optional' } satisfies OptionNames<GatherOptions>;

/** What `ops.oneHot` takes. */
export interface OneHotOptions {
  /** How many columns a row has. */
  depth: number;
  /** The number at the index. Default 1. */
  onValue?: number;
  /** The number elsewhere. Default 0. */
  offValue?: number;
  /** Where the axis of the columns comes, counted in the result. Default -1. */
  axis?: number;
  /** Default float32. */
  dtype?: DType;
}

const oneHotNames = {
  depth: 'required',
  onValue: 'optional',
  offValue: 'optional',
  axis: 'optional',
  dtype: 'optional',
} satisfies OptionNames<OneHotOptions>;

/**
 * Takes the entries of x at the indices along an axis.
 *
 * @param indices int32 or uint8 of any shape.
 * @param options `axis`: default 0. `batchDims`: how many leading axes the two share, default 0.
 * @returns x.shape[..axis] + indices.shape[batchDims..] + x.shape[axis + 1..].
 * @throws EngineError `SHAPE`, `DTYPE`; `ARGUMENT` (when read) for an index out of range.
 */
export const gather = op(
  'gather',
  <X extends Operand, I extends Operand>(x: X, indices: I, options: GatherOptions = {}): Outcome<X | I> => {
    knownOptions('gather', options, gatherNames);
    const { axis = 0, batchDims = 0 } = options;
    return apply('gather', [x, indexOperand(indices)], { axis, batchDims }, dtypeFor([x]) ?? 'float32');
  },
);

/**
 * Rows with `onValue` (default 1) at the index and `offValue` (default 0) elsewhere; all off for an index out of range.
 *
 * @param indices int32 or uint8 [...].
 * @param options `depth`: how many columns. `axis`: where their axis comes in the result, default -1. `dtype`: default float32.
 * @returns [..., depth].
 * @throws EngineError `ATTRIBUTE`, `DTYPE`.
 */
export const oneHot = op('oneHot', <I extends Operand>(indices: I, options: OneHotOptions): Outcome<I> => {
  knownOptions('oneHot', options, oneHotNames);
  const { depth, onValue = 1, offValue = 0, axis = -1, dtype = 'float32' } = options;
  const rank = typeOf(indices).shape.length + 1;
  const hot = apply('oneHot', [indexOperand(indices)], { depth, onValue, offValue });
  const at = axisOf('oneHot', axis, rank);
  const perm = Array.from({ length: rank }, (_, i) => (i === at ? rank - 1 : i < at ? i : i - 1));
  const placed = at === rank - 1 ? hot : transpose(hot, perm);
  return outcomeOf(dtype === 'float32' ? placed : cast(placed, dtype));
});
