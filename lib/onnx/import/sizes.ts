// Sizes that are known only when the network runs. What is computed of them is computed twice, for two sets of sizes: where the results
// are the same they do not depend on these. Each such size is a prime number that no other has, so that where it comes out again it is known.
import { apply } from '../../core/apply.js';
import type { Sym } from '../../core/sym.js';
import { tensor } from '../../core/tensor.js';
import type { Trace } from '../../core/trace.js';
import { asSym } from '../../ops/composed.js';
import * as ops from '../../ops/index.js';
import { type Size, type SizeOf, sizeAlong } from '../sizeAlong.js';
import { TensorValue } from './values.js';

/** Numbers that stand for sizes: prime numbers from here on, which no network has. */
const FIRST = 7919;

/** Two numbers that stand for one size. */
type Pair = readonly [some: number, other: number];

const isPrime = (n: number): boolean => {
  for (let factor = 2; factor * factor <= n; factor++) if (n % factor === 0) return false;
  return true;
};

/** The sizes of a trace. */
class Sizes {
  readonly #pairs = new Map<Sym, Map<number, Pair>>();
  readonly #sources = new Map<number, SizeOf>();
  #last = FIRST - 1;

  #next(): number {
    do this.#last++;
    while (!isPrime(this.#last));
    return this.#last;
  }

  pairOf(source: SizeOf): Pair {
    const { of, axis } = source;
    const own = this.#pairs.get(of) ?? new Map<number, Pair>();
    this.#pairs.set(of, own);
    const known = own.get(axis);
    if (known) return known;
    const pair = [this.#next(), this.#next()] as const;
    own.set(axis, pair);
    for (const number of pair) this.#sources.set(number, source);
    return pair;
  }

  sourceOf(number: number): SizeOf | undefined {
    return this.#sources.get(number);
  }
}

const all = new WeakMap<Trace, Sizes>();

function sizesOf(trace: Trace): Sizes {
  const known = all.get(trace) ?? new Sizes();
  all.set(trace, known);
  return known;
}

/** The numbers that stand for the size of an axis; it itself where it is known. */
function markersOf(x: Sym, axis: number): Pair {
  const size = sizeAlong(x, axis);
  return typeof size === 'number' ? [size, size] : sizesOf(size.of.trace).pairOf(size);
}

/**
 * The sizes that numbers stand for.
 *
 * @param numbers Sizes; NaN where one is not known.
 * @param markers The same, where numbers stand for what is not known.
 * @returns Sizes; undefined where one was computed of others.
 */
export const namedSizes = (
  trace: Trace,
  numbers: readonly number[],
  markers: ArrayLike<number>,
): (Size | undefined)[] =>
  numbers.map((n, i) => (Number.isNaN(n) ? sizesOf(trace).sourceOf(markers[i] ?? 0) : n));

/** The sizes of a value from one axis up to another, as a value. */
export function sizesValue(
  { x, other }: TensorValue,
  start: number,
  end: number,
  as: readonly number[] = [end - start],
): TensorValue {
  const pairs = x.shape
    .map((n, axis): Pair => (other ? [n, other.shape[axis] ?? n] : n < 0 ? markersOf(x, axis) : [n, n]))
    .slice(start, end);
  const of = (which: 0 | 1) =>
    asSym(
      tensor(
        Int32Array.from(pairs, (pair) => pair[which]),
        as,
      ),
    );
  const isKnown = pairs.every(([some, more]) => some === more);
  return new TensorValue(of(0), 'INT64', isKnown ? undefined : of(1));
}

/** A value of some sizes, of which those of other values are known when the network runs. It is read for its shape alone. */
export function shaped(trace: Trace, sizes: readonly Size[]): Sym {
  const known = trace.constant(
    0,
    'float32',
    sizes.map((size) => (typeof size === 'number' ? size : 1)),
  );
  return sizes.reduce<Sym>((sum, size, i) => {
    if (typeof size === 'number') return sum;
    const axis = [...size.of.shape.keys()].filter((one) => one !== size.axis);
    const numbers = ops.cast(size.of, 'float32');
    const column = axis.length > 0 ? ops.sum(numbers, { axis }) : numbers;
    return ops.add(
      sum,
      ops.reshape(
        column,
        sizes.map((_, at) => (at === i ? -1 : 1)),
      ),
    );
  }, known);
}

/** Numbers of x in a shape of some sizes. */
export const reshapedTo = (x: Sym, sizes: readonly Size[]): Sym =>
  apply<Sym>('reshapeLike', [x, shaped(x.trace, sizes)]);

/** x repeated to a shape of some sizes. */
export const broadcastedTo = (trace: Trace, x: Sym, sizes: readonly Size[]): Sym =>
  apply<Sym>('broadcastLike', [x, shaped(trace, sizes)]);
