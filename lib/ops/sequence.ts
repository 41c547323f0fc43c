import { wrongShape } from '../base/checks.js';
import { atLeast } from '../base/list.js';
import type { Attrs } from '../engine/engine.js';
import { type Operand, type Outcome, apply, applyAll, typeOf } from '../core/apply.js';
import { add } from './binary.js';
import { matmul } from './matmul.js';
import { reshape } from './shape.js';

/** x · kernel + bias for every step of x [n, steps, features], as one product over all rows. @internal */
export function projected<X extends Operand, W extends Operand>(
  op: string,
  x: X,
  kernel: W,
  bias: W | undefined,
): Outcome<X | W> {
  const { shape } = typeOf(x);
  const [features] = typeOf(kernel).shape;
  if (shape.length !== 3 || shape[2] !== features) {
    throw wrongShape(op, `a sequence [n, steps, ${features}] for a kernel of ${features} rows`, shape);
  }
  return affine(x, kernel, bias);
}

/** What a product is made of instead of rows [n, features] and a kernel. @internal */
export interface Rounding {
  input<T extends Operand>(rows: T): T;
  kernel<T extends Operand>(kernel: T): T;
}

/** x · kernel + bias over the last axis of x [..., features], of rank 2 or more, as one product over all rows. @internal */
export function affine<X extends Operand, W extends Operand>(
  x: X,
  kernel: W,
  bias: W | undefined,
  rounding?: Rounding,
): Outcome<X | W> {
  const { shape } = typeOf(x);
  const [features, columns] = atLeast(typeOf(kernel).shape, 2);
  const given: Operand = shape.length > 2 ? reshape(x, [-1, features]) : x;
  const flat: Operand = rounding
    ? matmul(rounding.input(given), rounding.kernel<Operand>(kernel))
    : matmul<Operand, W>(given, kernel);
  const rows: Operand = bias === undefined ? flat : add(flat, bias);
  if (shape.length === 2) return rows as Outcome<X | W>;
  const leading = shape.slice(0, -1);
  return (
    leading.filter((n) => n < 0).length > 1
      ? apply('reshapeLike', [rows, matmul(x, kernel)]) // the second for its shape alone
      : reshape(rows, [...leading, columns])
  ) as Outcome<X | W>;
}

/** What a recurrent op leaves out. @internal */
export interface RecurrentMasks {
  /** [n, gates · units], see {@link RnnOptions.recurrentMask}; undefined: nothing. */
  readonly states: Operand | undefined;
  /** Which steps count, bool [n, steps]; undefined: all. */
  readonly steps?: Operand | undefined;
}

/**
 * A recurrent op over x · kernel + bias of every step.
 *
 * @param operands These, and what else the op takes.
 * @param states How many states it has.
 * @returns The output and the last states. @internal
 */
export function recurrent<T extends Operand>(
  op: string,
  operands: readonly Operand[],
  masks: RecurrentMasks,
  attrs: Attrs & { returnSequences: boolean },
  states: 1 | 2,
): Outcome<T>[] {
  const given = [masks.states, masks.steps].filter((mask) => mask !== undefined);
  const flags = { masked: masks.states !== undefined, stepMask: masks.steps !== undefined };
  const outputs = (states + (attrs.returnSequences ? 1 : 0)) as 1 | 2 | 3;
  const made = applyAll(op, [...operands, ...given], { ...attrs, ...flags }, outputs);
  return [made[0], ...made.slice(-states)] as Outcome<T>[];
}
