import { typeOf } from '../core/apply.js';
import type { Sym } from '../core/sym.js';
import { transpose } from './shape.js';

/** x with an axis in the last place; or with `back` the last one where that was. @internal */
export function lastAxis(x: Sym, axis: number, back = false): Sym {
  const rank = typeOf(x).shape.length;
  if (axis === rank - 1) return x;
  const others = Array.from({ length: rank - 1 }, (_, i) => (back || i < axis ? i : i + 1));
  return transpose(x, back ? [...others.slice(0, axis), rank - 1, ...others.slice(axis)] : [...others, axis]);
}
