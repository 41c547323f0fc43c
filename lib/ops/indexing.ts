import { type OptionNames, expected, integer, integers, knownOptions, wrongShape } from '../base/checks.js';
import { itemAt, sizeOf } from '../base/list.js';
import type { DType } from '../engine/engine.js';
import { type Operand, type Outcome, indexOperand, typeOf } from '../core/apply.js';
import { op } from '../core/op.js';
import type { Sym } from '../core/sym.js';
import { type Tensor, type TensorData, tensor } from '../core/tensor.js';
import type { Variable } from '../core/variable.js';
import { axisOf } from './axis.js';
import { add, equal, greaterEqual, less, logicalAnd, subtract, where } from './binary.js';
import { asSym, outcomeOf } from './composed.js';
import { convertToNumpy } from './creation.js';
import { gather, oneHot } from './gather.js';
import { any } from './logic.js';
import { ravel } from './manipulate.js';
import { alongAxis, counted } from './alongAxis.js';
import { lengthAlong } from './lengthAlong.js';
import { partOf } from './partOf.js';
import { places } from './positions.js';
import { max } from './reduce.js';
import { expandDims, reshape, squeeze } from './shape.js';
import { concatenate } from './slice.js';
import { cast, copy, logicalNot } from './unary.js';

const rankOf = (x: Operand): number => typeOf(x).shape.length;

/** What `ops.take` and `ops.takeAlongAxis` take. */
export interface TakeOptions {
  /** By default x counts as one list of all its numbers. */
  axis?: number;
}

const takeNames = { axis: 'optional' } satisfies OptionNames<TakeOptions>;

/**
 * The numbers of x at indices along an axis, as {@link gather}; negative ones count from the end. https://keras.io/api/ops/numpy/
 *
 * @param indices int32 or uint8 of any shape.
 * @param options `axis`: by default x counts as one list of all its numbers.
 * @returns The shape of x with that of the indices in the place of the axis.
 * @throws EngineError `ATTRIBUTE`, `DTYPE`; `ARGUMENT` (when read) for an index out of range.
 */
export const take = op(
  'take',
  <X extends Operand, I extends Operand>(x: X, indices: I, options: TakeOptions = {}): Outcome<X | I> => {
    knownOptions('take', options, takeNames);
    const y = options.axis === undefined ? ravel(asSym(x)) : asSym(x);
    const axis = axisOf('take', options.axis ?? 0, rankOf(y));
    return outcomeOf(gather(y, counted(indices, lengthAlong(y, axis)), { axis }));
  },
);

/**
 * For each place of the indices the number of x there, with the index in place of the one along an axis: y[i, j] = x[i, indices[i, j]] for
 * the last one. Negative indices count from the end; other axes broadcast. https://keras.io/api/ops/numpy/
 *
 * @param indices int32 or uint8, of x's rank.
 * @param options `axis`: by default both count as lists of all their numbers.
 * @throws EngineError `SHAPE` for another rank, or sizes that do not meet; `ATTRIBUTE`, `DTYPE`; `ARGUMENT` (when read) for an index out of range.
 */
export const takeAlongAxis = op(
  'takeAlongAxis',
  <X extends Operand, I extends Operand>(x: X, indices: I, options: TakeOptions = {}): Outcome<X | I> => {
    knownOptions('takeAlongAxis', options, takeNames);
    if (options.axis === undefined) {
      const list = ravel(asSym(x));
      return outcomeOf(gather(list, counted(ravel(asSym(indexOperand(indices))), lengthAlong(list, 0))));
    }
    return outcomeOf(alongAxis('takeAlongAxis', asSym(x), asSym(indexOperand(indices)), options.axis));
  },
);

/** A part of an axis in the key of `ops.getItem`: Python's start:stop:step. */
export interface KeySlice {
  /** The first place, negative ones from the end. Default the first, or the last where the step is below 0. */
  start?: number;
  /** Where the part ends, not included. Default all. */
  stop?: number;
  /** Every which place, not 0; a negative one turns the order. Default 1. */
  step?: number;
}

/** A key of `ops.getItem`: a place, a part, a new axis, or '...' for all axes between. */
export type ItemKey = number | 'newAxis' | '...' | KeySlice;

const sliceNames = { start: 'optional', stop: 'optional', step: 'optional' } satisfies OptionNames<KeySlice>;

/**
 * A part of x as Python's x[key] gives: a number takes a place and drops the axis, `{ start, stop, step }` a part, 'newAxis' is one of size
 * 1, '...' all axes that the others leave. https://keras.io/api/ops/core/
 *
 * @param key One of these for the first axis, or a list for the first ones.
 * @throws EngineError `SHAPE` for more keys than axes; `ARGUMENT` for a place that x does not have and for other keys.
 * @example ops.getItem(x, [0, '...', { step: -1 }]); // x[0, ..., ::-1]
 */
export const getItem = op(
  'getItem',
  <T extends Operand>(x: T, key: ItemKey | readonly ItemKey[]): Outcome<T> => {
    const list = Array.isArray(key) ? (key as readonly ItemKey[]) : [key as ItemKey];
    const rank = rankOf(x);
    const used = list.filter((one) => one !== 'newAxis' && one !== '...').length;
    if (used > rank) throw wrongShape('getItem', `at least ${used} axes`, typeOf(x).shape);
    if (list.filter((one) => one === '...').length > 1) throw expected('getItem', "one '...' at most", key);
    const whole = Array<ItemKey>(rank - used).fill({});
    const all = list.includes('...')
      ? list.flatMap((one) => (one === '...' ? whole : [one]))
      : [...list, ...whole];
    let y = copy(asSym(x));
    let axis = 0;
    for (const one of all) {
      if (one === 'newAxis') y = expandDims(y, axis++);
      else if (typeof one === 'number') y = at(y, axis, one);
      else y = sliced(y, axis++, one as KeySlice);
    }
    return outcomeOf(y);
  },
);

/** x at a place of an axis, without the axis. */
function at(x: Sym, axis: number, given: number): Sym {
  const place = integer('getItem', 'a place', given, -Infinity);
  const size = lengthAlong(x, axis);
  if (typeof size !== 'number') return gather(x, place < 0 ? add(size, place) : place, { axis });
  if (place >= size || place < -size)
    throw expected('getItem', `a place from ${-size} to ${size - 1}`, place);
  return squeeze(sliced(x, axis, { start: place, stop: place === -1 ? undefined : place + 1 }), axis);
}

function sliced(x: Sym, axis: number, key: KeySlice | undefined): Sym {
  if (key === undefined) throw expected('getItem', "places, { start, stop, step }, 'newAxis' or '...'", key);
  knownOptions('getItem', key, sliceNames);
  const { start, stop, step = 1 } = key;
  for (const n of [start, stop, step]) if (n !== undefined) integer('getItem', 'a place', n, -Infinity);
  if (step === 0) throw expected('getItem', 'a step that is not 0', step);
  if (start === undefined && stop === undefined && step === 1) return x;
  const [first, last] = step > 0 ? [0, Infinity] : [Infinity, -Infinity];
  return partOf(x, axis, start ?? first, stop ?? last, step);
}

/**
 * x with another value in the place of a part that begins at the start indices. https://keras.io/api/ops/core/
 *
 * @param startIndices Where the part begins on each axis, 0 or more.
 * @param updates Of x's rank and dtype. Along an axis where a size is not known, what is beyond x's end is left out.
 * @throws EngineError `SHAPE` where the part is not within x; `ARGUMENT`, `DTYPE`.
 * @example ops.sliceUpdate(x, [1, 0], [[7, 8]]); // the second row becomes 7, 8
 */
export const sliceUpdate = op(
  'sliceUpdate',
  <A extends Operand, B extends Operand>(
    inputs: A,
    startIndices: readonly number[],
    updates: B,
  ): Outcome<A | B> => {
    const [shape, part] = [typeOf(inputs).shape, typeOf(updates).shape];
    const starts = integers('sliceUpdate', 'startIndices', startIndices);
    if (starts.length !== shape.length || part.length !== shape.length)
      throw wrongShape('sliceUpdate', `updates and start indices for ${shape.length} axes`, part);
    starts.forEach((start, axis) => {
      integer('sliceUpdate', 'startIndices', start, 0);
      const size = itemAt(part, axis);
      if (size >= 0 && itemAt(shape, axis) >= 0 && start + size > itemAt(shape, axis))
        throw wrongShape('sliceUpdate', `a part of [${shape.join(', ')}] from ${starts.join(', ')} on`, part);
    });
    const [x, given] = [asSym(inputs), asSym(updates)];
    return outcomeOf(part.some((n) => n < 0) ? chosen(x, starts, given) : replaced(x, starts, given, 0));
  },
);

/** As {@link replaced}, for updates of unknown sizes: at each place of x either its number or one of the updates. */
function chosen(x: Sym, starts: readonly number[], updates: Sym): Sym {
  let all = updates;
  const isNew = starts.map((start, axis) => {
    const at = subtract(places(x, axis), start);
    const within = logicalAnd(greaterEqual(at, 0), less(at, lengthAlong(updates, axis)));
    all = gather(all, where(within, at, 0), { axis });
    return reshape(
      within,
      starts.map((_, i) => (i === axis ? -1 : 1)),
    );
  });
  return where(
    isNew.reduce((a, b) => logicalAnd(a, b)),
    all,
    x,
  );
}

/** x with the updates from the starts on, axis after axis: what is before, the part, what is after. */
function replaced(x: Sym, starts: readonly number[], updates: Sym, axis: number): Sym {
  if (axis === starts.length) return updates;
  const size = itemAt(typeOf(updates).shape, axis);
  const part = (from: number, to: number) => partOf(x, axis, from, to);
  const [from, to] = [itemAt(starts, axis), itemAt(starts, axis) + size];
  return concatenate(
    [part(0, from), replaced(part(from, to), starts, updates, axis + 1), part(to, Infinity)],
    { axis },
  );
}

/**
 * Of several values number by number that whose condition is the first to hold, else the default; all broadcast.
 * https://keras.io/api/ops/numpy/
 *
 * @param condlist bool values.
 * @param choicelist As many values.
 * @param defaultValue Where none holds. Default 0.
 * @throws EngineError `ARGUMENT` for lists of two lengths; `SHAPE`, `DTYPE`.
 */
export const select = op(
  'select',
  <C extends Operand, V extends Operand>(
    condlist: readonly C[],
    choicelist: readonly V[],
    defaultValue: Operand = 0,
  ): Outcome<C | V> => {
    const lists = [condlist, choicelist].map((list: unknown) => (Array.isArray(list) ? list.length : 0));
    if (lists[0] !== lists[1] || lists[0] === 0)
      throw expected('select', 'as many conditions as values, at least one', choicelist);
    return outcomeOf(
      condlist.reduceRight(
        (rest, condition, i) => where(asSym(condition), asSym(itemAt(choicelist, i)), asSym(rest)),
        defaultValue,
      ),
    );
  },
);

/** What `ops.isin` takes. */
export interface IsinOptions {
  /** Whether to tell which are not among them. Default false. */
  invert?: boolean;
  /** Whether no number of either occurs twice; makes no difference here. Default false. */
  assumeUnique?: boolean;
}

const isinNames = { invert: 'boolean', assumeUnique: 'boolean' } satisfies OptionNames<IsinOptions>;

/**
 * Whether each number of x1 is among those of x2; bool of x1's shape. It compares each with each. https://keras.io/api/ops/numpy/
 *
 * @param options `invert`: whether to tell which are not, default false.
 */
export const isin = op(
  'isin',
  <A extends Operand, B extends Operand>(x1: A, x2: B, options: IsinOptions = {}): Outcome<A | B> => {
    knownOptions('isin', options, isinNames);
    const among = any(equal(expandDims(asSym(x1), -1), ravel(asSym(x2))), { axis: -1 });
    return outcomeOf(options.invert === true ? logicalNot(among) : among);
  },
);

/** What `ops.multiHot` takes. */
export interface MultiHotOptions {
  /** How many columns a row has. */
  numClasses: number;
  /** Which axis of the one-hot rows they are: as of {@link oneHot}. Default -1. */
  axis?: number;
  /** Default float32. */
  dtype?: DType;
}

const multiHotNames = {
  numClasses: 'required',
  axis: 'optional',
  dtype: 'optional',
} satisfies OptionNames<MultiHotOptions>;

/**
 * Rows with 1 at each of several indices and 0 elsewhere. https://keras.io/api/ops/nn/
 *
 * @param inputs int32 or uint8 [n, k], or [k] for one row.
 * @param options `numClasses`: how many columns. `axis`: default -1. `dtype`: default float32.
 * @returns [n, numClasses].
 * @throws EngineError `ATTRIBUTE`, `DTYPE`.
 */
export const multiHot = op(
  'multiHot',
  <I extends Operand>(inputs: I, options: MultiHotOptions): Outcome<I> => {
    knownOptions('multiHot', options, multiHotNames);
    const { numClasses, axis = -1, dtype = 'float32' } = options;
    const hot = oneHot(asSym(inputs), { depth: numClasses, axis });
    const rows = max(hot, { axis: rankOf(hot) > 2 ? 1 : 0 });
    return outcomeOf(dtype === 'float32' ? rows : cast(rows, dtype));
  },
);

/**
 * The places of the numbers that are not 0, row by row: for each axis a list of them. As many as there are, so it reads the numbers and blocks
 * the event loop until they are there. https://keras.io/api/ops/numpy/
 *
 * @returns int32 tensors of rank 1, as many as x has axes.
 * @throws EngineError `ARGUMENT` for symbolic values and outputs of layers, which have no numbers yet.
 * @example ops.nonzero([[0, 3], [4, 0]]); // [0, 1] and [1, 0]
 */
export function nonzero(x: Tensor | Variable | TensorData): Tensor<'int32'>[] {
  const { data, shape } = convertToNumpy(x);
  const places = Array.from(data.keys()).filter((i) => data[i] !== 0);
  return shape.map((size, axis) => {
    const inside = sizeOf(shape.slice(axis + 1));
    return tensor(Int32Array.from(places, (i) => Math.floor(i / inside) % size));
  });
}
