import {
  type OptionNames,
  checkList,
  expected,
  integer,
  knownOptions,
  oneOf,
  wrongShape,
} from '../base/checks.js';
import { type Operand, type Outcome, apply, typeOf } from '../core/apply.js';
import { op } from '../core/op.js';
import type { Sym } from '../core/sym.js';
import { tensor } from '../core/tensor.js';
import { itemAt } from '../base/list.js';
import { maximum, minimum, multiply, subtract } from './binary.js';
import { asSym, outcomeOf } from './composed.js';
import { gather } from './gather.js';
import { mod } from './integers.js';
import { alongOnly, lengthAlong } from './lengthAlong.js';
import { places } from './positions.js';
import { cast, copy } from './unary.js';

/** What `ops.pad` takes. */
export interface PadOptions {
  /**
   * What is put around x: 'constant' numbers, 'edge' the last number, 'reflect' x as in a mirror on the last number, 'symmetric' as in a mirror
   * after it. Default 'constant'.
   */
  mode?: 'constant' | 'edge' | 'reflect' | 'symmetric';
  /** What is put around x with 'constant'. Default 0. */
  constantValues?: number;
}

const padNames = { mode: 'optional', constantValues: 'optional' } satisfies OptionNames<PadOptions>;

/**
 * Which place of an axis stands for each place of the padded one, int32. Mirrors have a period, of which the second half goes back: up to
 * `last` for the places of the first half.
 */
function mirrored(
  x: Sym,
  axis: number,
  mode: 'edge' | 'reflect' | 'symmetric',
  before: number,
  after: number,
): Sym {
  const n = itemAt(typeOf(x).shape, axis);
  if (n >= 0) {
    const period = mode === 'reflect' ? Math.max(2 * n - 2, 1) : 2 * n;
    const last = mode === 'reflect' ? 2 * n - 2 : 2 * n - 1;
    const place = (at: number) => {
      if (mode === 'edge') return Math.min(Math.max(at, 0), n - 1);
      const within = ((at % period) + period) % period;
      return Math.min(within, last - within);
    };
    return asSym(tensor(Int32Array.from({ length: before + n + after }, (_, i) => place(i - before))));
  }
  const size = asSym(lengthAlong(x, axis));
  const padded = apply('pad', [cast(alongOnly(x, axis), 'float32')], { paddings: [before, after], value: 0 });
  const at = subtract(places(padded, 0), before);
  if (mode === 'edge') return minimum(maximum(at, 0), subtract(size, 1));
  const last = subtract(multiply(size, 2), mode === 'reflect' ? 2 : 1);
  const within = asSym(mod(at, mode === 'reflect' ? maximum(last, 1) : multiply(size, 2)));
  return minimum(within, subtract(last, within));
}

/**
 * Puts numbers around x. https://keras.io/api/ops/numpy/
 *
 * @param x Float32; with the modes that copy numbers any dtype.
 * @param padWidth For each axis, how many before and after.
 * @param options `mode`: what is put there, default 'constant'. `constantValues`: default 0.
 * @throws EngineError `ATTRIBUTE` for other paddings; `ARGUMENT` for another mode, or constantValues with one; `SHAPE` where numbers are to be
 *   copied along an axis that has none.
 * @example ops.pad([1, 2, 3], [[2, 0]], { mode: 'reflect' }); // [3, 2, 1, 2, 3]
 */
export const pad = op(
  'pad',
  <T extends Operand>(
    x: T,
    padWidth: readonly (readonly [before: number, after: number])[],
    options: PadOptions = {},
  ): Outcome<T> => {
    knownOptions('pad', options, padNames);
    checkList('pad', 'pairs [before, after] as paddings', padWidth);
    const { mode = 'constant', constantValues } = options;
    oneOf('pad', 'mode', mode, ['constant', 'edge', 'reflect', 'symmetric']);
    if (mode === 'constant')
      return apply('pad', [x], { paddings: padWidth.flat(), value: constantValues ?? 0 });
    if (constantValues !== undefined)
      throw expected('pad', `no constantValues with mode '${mode}'`, constantValues);
    const { shape } = typeOf(x);
    if (padWidth.length !== shape.length)
      throw expected('pad', `a pair [before, after] for each of ${shape.length} axes`, padWidth, 'ATTRIBUTE');
    return outcomeOf(
      padWidth.reduce(
        (y, [before, after], axis) => {
          for (const n of [before, after]) integer('pad', 'padWidth', n, 0);
          if (before + after === 0) return y;
          if (itemAt(shape, axis) === 0) throw wrongShape('pad', `numbers to copy along axis ${axis}`, shape);
          return gather(y, mirrored(y, axis, mode, before, after), { axis });
        },
        copy(asSym(x)),
      ),
    );
  },
);
