import type { Operand } from '../../core/apply.js';
import { asSym } from '../composed.js';
import { add, multiply } from '../binary.js';
import { solve } from '../linalg.js';
import { reshape } from '../shape.js';
import { concatenate, slice, stack } from '../slice.js';
import { toFloat32 } from '../toFloat32.js';
import { negative } from '../unary.js';
import type { Sym } from '../../core/sym.js';

/**
 * The projective map that takes four points to four others, as `affineTransform` takes it.
 *
 * @param points [n, 4, 2], x first.
 * @param targets Where they come to: [n, 4, 2].
 * @returns [n, 8]. @internal
 */
export function homography(points: Operand, targets: Operand): Operand {
  const [from, to] = [toFloat32(asSym(points)), toFloat32(asSym(targets))];
  // Two equations for each point.
  const along = (list: Sym, i: number): Sym => slice(list, [0, 0, i], [-1, -1, 1]);
  const none = multiply(along(from, 0), 0);
  const row = (...parts: Sym[]): Sym => concatenate(parts, { axis: -1 });
  const line = [from, add(none, 1)];
  const nothing = [none, none, none];
  const times = (i: number): Sym => negative(multiply(along(to, i), from));
  const rows = stack([row(...line, ...nothing, times(0)), row(...nothing, ...line, times(1))], { axis: 2 });
  return solve(reshape(rows, [-1, 8, 8]), reshape(to, [-1, 8]));
}
