import { itemAt } from '../base/list.js';
import { type Operand, type Outcome, apply, typeOf } from '../core/apply.js';

/** A size: a number, or that of an axis of x, which may be known only when the step runs. */
export type Size = number | { readonly axis: number };

/** The same numbers in another shape, in which any number of sizes may be unknown if they are those of axes of x. @internal */
export function resized<T extends Operand>(x: T, sizes: readonly Size[]): Outcome<T> {
  const { shape: given } = typeOf(x);
  const shape = sizes.map((size) => (typeof size === 'number' ? size : itemAt(given, size.axis)));
  if (shape.filter((n) => n < 0).length < 2) return apply('reshape', [x], { shape });
  return apply('reshape', [x], {
    shape,
    from: sizes.map((size) => (typeof size === 'number' ? -1 : size.axis)),
  });
}

/** x with the size along an axis known: a step in which it is another fails. @internal */
export const sizedAs = <T extends Operand>(x: T, axis: number, size: number): Outcome<T> =>
  resized(
    x,
    [...typeOf(x).shape.keys()].map((i): Size => (i === axis ? size : { axis: i })),
  );
