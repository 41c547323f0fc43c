import { type Operand, type Outcome, apply, dtypeFor, indexOperand } from './apply.js';

/**
 * Takes the entries of x at the indices along an axis.
 *
 * @param indices int32 or uint8 of any shape.
 * @param options `axis`: default 0. `batchDims`: how many leading axes the two share, default 0.
 * @returns x.shape[..axis] + indices.shape[batchDims..] + x.shape[axis + 1..].
 * @throws EngineError `SHAPE`, `DTYPE`; `ARGUMENT` (when read) for an index out of range.
 */
export function gather<X extends Operand, I extends Operand>(
  x: X,
  indices: I,
  options: { axis?: number; batchDims?: number } = {},
): Outcome<X | I> {
  const { axis = 0, batchDims = 0 } = options;
  return apply<Operand>(
    'gather',
    [x, indexOperand(indices)],
    { axis, batchDims },
    dtypeFor([x]) ?? 'float32',
  ) as Outcome<X | I>;
}

/**
 * Rows with `onValue` (default 1) at the index and `offValue` (default 0) elsewhere; all off for an index out of range.
 *
 * @param indices int32 or uint8 [...].
 * @returns float32 [..., depth].
 */
export function oneHot<I extends Operand>(
  indices: I,
  options: { depth: number; onValue?: number; offValue?: number },
): Outcome<I> {
  const { depth, onValue = 1, offValue = 0 } = options;
  return apply<Operand>('oneHot', [indexOperand(indices)], { depth, onValue, offValue }) as Outcome<I>;
}
