import { expected, integers, wrongShape } from '../base/checks.js';
import type { Shape } from '../engine/engine.js';
import { type Operand, type Outcome, apply, typeOf } from '../core/apply.js';
import { op } from '../core/op.js';
import { type Size, resized } from './resized.js';

/**
 * The same numbers in another shape.
 *
 * @param shape May hold one -1, which is computed.
 * @throws EngineError `SHAPE` where the sizes differ.
 */
export const reshape = op('reshape', <T extends Operand>(x: T, shape: Shape): Outcome<T> =>
  apply('reshape', [x], { shape }),
);

/**
 * The axes in another order: by default reversed.
 *
 * @param axes Each axis of x once; negative ones count from the end.
 * @throws EngineError `ATTRIBUTE` for other lists.
 */
export const transpose = op('transpose', <T extends Operand>(x: T, axes?: readonly number[]): Outcome<T> => {
  const rank = typeOf(x).shape.length;
  const given = axes === undefined ? undefined : integers('transpose', 'axes', axes);
  const perm = given?.map((axis) => (axis < 0 ? axis + rank : axis));
  return apply('transpose', [x], { perm: perm ?? [...typeOf(x).shape.keys()].reverse() });
});

/** Copies x along new leading axes and along axes of size 1, as numpy broadcasts. */
export const broadcastTo = op('broadcastTo', <T extends Operand>(x: T, shape: Shape): Outcome<T> =>
  apply('broadcastTo', [x], { shape }),
);

/** Puts an axis of size 1 at a place, counted in the result; -1 is last. */
export const expandDims = op('expandDims', <T extends Operand>(x: T, axis: number): Outcome<T> => {
  const { shape } = typeOf(x);
  const at = place('expandDims', axis, shape.length + 1);
  const axes: Size[] = [...shape.keys()].map((n) => ({ axis: n }));
  return resized(x, axes.toSpliced(at, 0, 1));
});

/**
 * Takes axes of size 1 away.
 *
 * @param axis One or several; by default all of size 1.
 * @throws EngineError `SHAPE` where an axis has another size.
 */
export const squeeze = op(
  'squeeze',
  <T extends Operand>(x: T, axis?: number | readonly number[]): Outcome<T> => {
    const { shape } = typeOf(x);
    const given = axis === undefined ? undefined : integers('squeeze', 'axis', axis);
    const axes =
      given?.map((n) => place('squeeze', n, shape.length)) ?? [...shape.keys()].filter((n) => shape[n] === 1);
    for (const n of axes) {
      if (shape[n] !== 1) {
        throw wrongShape('squeeze', `size 1 at axis ${n}`, shape);
      }
    }
    const kept = [...shape.keys()].filter((n) => !axes.includes(n));
    return resized(
      x,
      kept.map((n) => ({ axis: n })),
    );
  },
);

/** An axis counted from the start. */
function place(op: string, axis: number, rank: number): number {
  const at = Number.isInteger(axis) && axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(at) || at < 0 || at >= rank) {
    throw expected(op, `an axis from ${-rank} to ${rank - 1}`, axis, 'ATTRIBUTE');
  }
  return at;
}
