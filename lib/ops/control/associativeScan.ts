import { type OptionNames, boolean, expected, knownOptions, wrongShape } from '../../base/checks.js';
import { firstOf, itemAt } from '../../base/list.js';
import { type Operand, type Outcome, typeOf } from '../../core/apply.js';
import { op } from '../../core/op.js';
import type { Sym } from '../../core/sym.js';
import { tensor } from '../../core/tensor.js';
import { axisOf } from '../axis.js';
import { asSym } from '../composed.js';
import { gather } from '../gather.js';
import { flip } from '../manipulate.js';
import { concatenate, stridedSlice } from '../slice.js';
import {
  type LeavesOf,
  type Nest,
  type WithLeaves,
  checkFunction,
  filled,
  leavesOf,
  sameNest,
} from './nest.js';

/** What `ops.associativeScan` takes. */
export interface AssociativeScanOptions {
  /** From the last element to the first. Default false. */
  reverse?: boolean;
  /** Which axis, of known size; negative ones count from the end. Default 0. */
  axis?: number;
}

const names = { reverse: 'boolean', axis: 'optional' } satisfies OptionNames<AssociativeScanOptions>;

/**
 * What a function makes of the first k elements of an axis, for each k: x₁, f(x₁, x₂), f(f(x₁, x₂), x₃), … It is called for many elements at
 * once, about 2 · log₂(n) times, so that its operation has to be associative. Blelloch, Prefix Sums and Their Applications, 1990.
 * https://keras.io/api/ops/core/
 *
 * @param f Gets two nests of the form of elems, with some places of the axis, and gives one.
 * @param elems Values with as many places along the axis, alone or nested in lists and records.
 * @param options `reverse`: default false. `axis`: default 0.
 * @returns Values of the form and shapes of elems.
 * @throws EngineError `ARGUMENT`, `SHAPE` for an axis of unknown or different sizes.
 * @example ops.associativeScan((a, b) => ops.add(a, b), ops.array([1, 2, 3])); // 1, 3, 6
 */
export const associativeScan = op(
  'associativeScan',
  <E extends Nest>(
    f: (a: WithLeaves<E, Sym>, b: WithLeaves<E, Sym>) => NoInfer<WithLeaves<E, Operand>>,
    elems: E,
    options: AssociativeScanOptions = {},
  ): WithLeaves<E, Outcome<LeavesOf<E>>> => {
    knownOptions('associativeScan', options, names);
    checkFunction('associativeScan', 'f', f);
    const { reverse = false } = options;
    boolean('associativeScan', 'reverse', reverse);
    const leaves = leavesOf(elems as unknown).map(asSym);
    if (leaves.length === 0) throw expected('associativeScan', 'at least one value', elems);
    const rank = Math.min(...leaves.map((leaf) => typeOf(leaf).shape.length));
    const axis = axisOf('associativeScan', options.axis ?? 0, rank);
    const size = itemAt(typeOf(firstOf(leaves)).shape, axis);
    for (const leaf of leaves) {
      const { shape } = typeOf(leaf);
      if (size < 0 || shape[axis] !== size)
        throw wrongShape('associativeScan', 'values of one known size along the axis', shape);
    }
    const turned = (list: readonly Sym[]) => (reverse ? list.map((x) => flip(x, { axis })) : list);
    const combine = (a: readonly Sym[], b: readonly Sym[]) => {
      const made = (f as unknown as (a: unknown, b: unknown) => unknown)(filled(elems, a), filled(elems, b));
      sameNest('associativeScan', 'a function that gives the form that it gets', elems, made);
      return leavesOf(made).map(asSym);
    };
    return filled(elems, turned(prefixes(combine, turned(leaves), axis, size))) as never;
  },
);

type Combine = (a: readonly Sym[], b: readonly Sym[]) => readonly Sym[];

/** Every second place from `start` up to, not including, `stop`. */
const every2nd = (list: readonly Sym[], axis: number, start: number, stop: number): readonly Sym[] =>
  list.map((x) => {
    const at = (place: number, other: number) => typeOf(x).shape.map((_, i) => (i === axis ? place : other));
    return stridedSlice(x, at(start, 0), at(stop, Infinity), at(2, 1));
  });

function prefixes(f: Combine, list: readonly Sym[], axis: number, size: number): readonly Sym[] {
  if (size < 2) return list;
  // The prefixes that end at odd places are those of pairs; one element more gives those at even places.
  const half = Math.floor(size / 2);
  const pairs = f(every2nd(list, axis, 0, 2 * half), every2nd(list, axis, 1, size));
  const odd = prefixes(f, pairs, axis, half);
  const evens = Math.ceil(size / 2);
  const first = every2nd(list, axis, 0, 1);
  const later =
    evens > 1
      ? f(
          odd.map((x) => {
            const to = typeOf(x).shape.map((_, i) => (i === axis ? evens - 1 : Infinity));
            return stridedSlice(
              x,
              to.map(() => 0),
              to,
            );
          }),
          every2nd(list, axis, 2, size),
        )
      : [];
  const indices = Int32Array.from({ length: size }, (_, i) => (i % 2 ? evens : 0) + Math.floor(i / 2));
  const order = tensor(indices);
  return list.map((_, i) => {
    const parts = [itemAt(first, i), ...(evens > 1 ? [itemAt(later, i)] : []), itemAt(odd, i)];
    return gather(concatenate(parts, { axis }), order, { axis });
  });
}
