import { type OptionNames, expected, finite, integer, knownOptions, wrongShape } from '../base/checks.js';
import { mapTuple, sizeOf } from '../base/list.js';
import type { DType } from '../engine/engine.js';
import { type Operand, type Outcome, apply, typeOf } from '../core/apply.js';
import { KerasTensor } from '../core/kerasTensor.js';
import { NDArray } from '../core/ndarray.js';
import { op } from '../core/op.js';
import { Sym } from '../core/sym.js';
import { Tensor, type TensorData, allocate, tensor } from '../core/tensor.js';
import { Variable } from '../core/variable.js';
import { axisOf } from './axis.js';
import { add, multiply, power, subtract } from './binary.js';
import { asSym, outcomeOf } from './composed.js';
import { log10 } from './arithmetic.js';
import { expandDims } from './shape.js';
import { cast, sign } from './unary.js';

export { arange, full, ones, zeros } from '../core/tensor.js';

/** What ops that make or convert values take. */
export interface DTypeOptions {
  /** The type of the numbers. */
  dtype?: DType;
}

const dtypeNames = { dtype: 'optional' } satisfies OptionNames<DTypeOptions>;

/** A tensor of float32 numbers, each computed in double precision, in another dtype where one is asked for. */
function made(
  who: string,
  shape: readonly number[],
  number: (i: number) => number,
  dtype: DType = 'float32',
): Tensor {
  const size = sizeOf(shape);
  const data = allocate(who, 'float32', size);
  for (let i = 0; i < size; i++) data[i] = number(i);
  return tensor(data, shape, dtype);
}

/** A value of x's shape, filled with a number. */
function like<T extends Operand>(x: T, value: number, dtype: DType): Outcome<T> {
  const held = dtype === 'int32' ? 'int32' : 'float32';
  const filled = apply('broadcastLike', [value, x], {}, held);
  return outcomeOf(typeOf(filled).dtype === dtype ? filled : cast(filled, dtype));
}

/**
 * Zeros of x's shape. Also as `ops.emptyLike`: memory is never handed out without numbers in it. https://keras.io/api/ops/numpy/
 *
 * @param options `dtype`: default x's.
 */
export const zerosLike = op(
  'zerosLike',
  <T extends Operand>(x: T, options: DTypeOptions = {}): Outcome<T> => {
    knownOptions('zerosLike', options, dtypeNames);
    return like(x, 0, options.dtype ?? typeOf(x).dtype);
  },
);

/** Ones of x's shape. https://keras.io/api/ops/numpy/ @param options `dtype`: default x's. */
export const onesLike = op('onesLike', <T extends Operand>(x: T, options: DTypeOptions = {}): Outcome<T> => {
  knownOptions('onesLike', options, dtypeNames);
  return like(x, 1, options.dtype ?? typeOf(x).dtype);
});

/**
 * A number in all places of x's shape. https://keras.io/api/ops/numpy/
 *
 * @param options `dtype`: default x's.
 * @throws EngineError `ARGUMENT` for what is no number.
 */
export const fullLike = op(
  'fullLike',
  <T extends Operand>(x: T, fillValue: number, options: DTypeOptions = {}): Outcome<T> => {
    knownOptions('fullLike', options, dtypeNames);
    if (typeof fillValue !== 'number') throw expected('fullLike', 'a number', fillValue);
    return like(x, fillValue, options.dtype ?? typeOf(x).dtype);
  },
);

/**
 * x as a tensor: arrays and numbers become one, what is one already stays. Also as `ops.array`. https://keras.io/api/ops/core/
 *
 * @param options `dtype`: default what x has, float32 for numbers, bool for booleans.
 * @throws EngineError `SHAPE` where rows differ in length, `DTYPE` for other data.
 */
export const convertToTensor = op(
  'convertToTensor',
  <T extends Operand>(x: T, options: DTypeOptions = {}): Outcome<T> => {
    knownOptions('convertToTensor', options, dtypeNames);
    if (!(isSymbolic(x) || x instanceof Tensor || x instanceof Variable))
      return outcomeOf(tensor(x, undefined, options.dtype));
    const { dtype } = typeOf(x);
    return outcomeOf(options.dtype === undefined || options.dtype === dtype ? x : cast(x, options.dtype));
  },
);

const isSymbolic = (x: unknown): x is Sym | KerasTensor => x instanceof Sym || x instanceof KerasTensor;

/**
 * The numbers of x as an NDArray. Blocks the event loop until they are there. https://keras.io/api/ops/core/
 *
 * @throws EngineError `ARGUMENT` for symbolic values and outputs of layers, which have no numbers yet.
 */
export function convertToNumpy(x: Tensor | Variable | TensorData): NDArray {
  if (isSymbolic(x)) throw expected('convertToNumpy', 'a tensor, a variable or an array', x);
  const value = x instanceof Variable ? x.storage : x instanceof Tensor ? x : tensor(x);
  return new NDArray(value.dataSync(), value.shape, value.dtype);
}

/** Whether x is a tensor, a variable, or a value that becomes one: symbolic, or the output of a layer. https://keras.io/api/ops/core/ */
export const isTensor = (x: unknown): x is Tensor | Variable | Sym | KerasTensor =>
  x instanceof Tensor || x instanceof Variable || isSymbolic(x);

/** The sizes along the axes; -1 where one is known only when a program runs. https://keras.io/api/ops/core/ */
export const shape = (x: Operand): readonly number[] => typeOf(x).shape;

/** The number of axes. https://keras.io/api/ops/numpy/ */
export const ndim = (x: Operand): number => typeOf(x).shape.length;

/** The dtype: what a tensor has; of arrays what a tensor of them would have. https://keras.io/api/ops/core/ */
export const dtype = (x: Operand): DType => typeOf(x).dtype;

/** How many numbers x has. https://keras.io/api/ops/numpy/ @throws EngineError `SHAPE` where a size is known only when a program runs. */
export function size(x: Operand): number {
  const { shape } = typeOf(x);
  if (shape.some((n) => n < 0)) throw wrongShape('size', 'a value of known size', shape);
  return sizeOf(shape);
}

/** What `ops.eye` and `ops.tri` take. */
export interface EyeOptions extends DTypeOptions {
  /** How many columns. Default as many as rows. */
  M?: number;
  /** Which diagonal: above the main one, or below with a negative number. Default 0. */
  k?: number;
}

const eyeNames = { M: 'optional', k: 'optional', dtype: 'optional' } satisfies OptionNames<EyeOptions>;

/** A matrix with ones where a rule on the distance from the main diagonal holds. */
function matrix(
  who: string,
  N: number,
  options: EyeOptions,
  isOne: (distance: number, k: number) => boolean,
): Tensor {
  knownOptions(who, options, eyeNames);
  const rows = integer(who, 'N', N, 0);
  const columns = integer(who, 'M', options.M ?? N, 0);
  const k = integer(who, 'k', options.k ?? 0, -Infinity);
  const number = (i: number) => Number(isOne((i % columns) - Math.floor(i / columns), k));
  return made(who, [rows, columns], number, options.dtype);
}

/**
 * Ones on a diagonal, else zeros. https://keras.io/api/ops/numpy/
 *
 * @param N How many rows.
 * @param options `M`: how many columns, default N. `k`: which diagonal, default the main one. `dtype`: default float32.
 * @throws EngineError `ARGUMENT` for sizes below 0.
 */
export function eye(N: number, options: EyeOptions = {}): Tensor {
  return matrix('eye', N, options, (distance, k) => distance === k);
}

/**
 * Ones on a diagonal and below it, else zeros. https://keras.io/api/ops/numpy/
 *
 * @param N How many rows.
 * @param options `M`: how many columns, default N. `k`: which diagonal, default the main one. `dtype`: default float32.
 * @throws EngineError `ARGUMENT` for sizes below 0.
 */
export function tri(N: number, options: EyeOptions = {}): Tensor {
  return matrix('tri', N, options, (distance, k) => distance <= k);
}

/** What `ops.linspace` and `ops.geomspace` take. */
export interface SpaceOptions extends DTypeOptions {
  /** How many numbers. Default 50. */
  num?: number;
  /** Whether the last one is `stop`. Default true. */
  endpoint?: boolean;
  /** Which axis of the result the numbers go along, where the ends are no single numbers. Default 0. */
  axis?: number;
}

/** What `ops.logspace` takes. */
export interface LogspaceOptions extends SpaceOptions {
  /** What is raised to the powers. Default 10. */
  base?: number;
}

const spaceNames = {
  num: 'optional',
  endpoint: 'boolean',
  dtype: 'optional',
  axis: 'optional',
} satisfies OptionNames<SpaceOptions>;
const logspaceNames = { ...spaceNames, base: 'optional' } satisfies OptionNames<LogspaceOptions>;

/** Numbers from one end to the other in even steps; `through`: a function that each passes, on numbers and on values. */
function spaced<A extends Operand, B extends Operand>(
  who: string,
  start: A,
  stop: B,
  { num = 50, endpoint = true, dtype, axis = 0 }: SpaceOptions,
  through?: { number: (x: number) => number; value: (x: Sym) => Sym },
): Outcome<A | B> {
  integer(who, 'num', num, 0);
  const share = (i: number) => (num === 1 ? 0 : i / (endpoint ? num - 1 : num));
  if (typeof start === 'number' && typeof stop === 'number') {
    // The last number is the end itself, whatever the rounding of the others.
    const number = (i: number) =>
      endpoint && i > 0 && i === num - 1 ? stop : start + (stop - start) * share(i);
    return outcomeOf(made(who, [num], (i) => (through?.number ?? Number)(number(i)), dtype) as Operand);
  }
  const rank = Math.max(typeOf(start).shape.length, typeOf(stop).shape.length);
  const at = axisOf(who, axis, rank + 1);
  const along = made(who, [num, ...Array<number>(rank - at).fill(1)], share);
  const [from, to] = mapTuple([start, stop], (end) => {
    const missing = rank - typeOf(end).shape.length;
    return typeOf(end).shape.length > 0 && missing <= at ? expandDims(asSym(end), at - missing) : asSym(end);
  });
  const even = add(multiply(from, subtract(1, along)), multiply(to, along));
  const values = through === undefined ? even : through.value(asSym(even));
  return outcomeOf(dtype === undefined ? values : cast(values, dtype));
}

/**
 * Numbers from `start` to `stop` in even steps; with values of any shape, an axis of them more. https://keras.io/api/ops/numpy/
 *
 * @param options `num`: how many, default 50. `endpoint`: whether the last one is `stop`, default true. `dtype`: default float32.
 *   `axis`: where the new axis comes, default 0.
 * @throws EngineError `ARGUMENT` for a num below 0; `ATTRIBUTE` for a wrong axis; `SHAPE` where the ends do not meet.
 * @example ops.linspace(0, 1, { num: 3 }); // [0, 0.5, 1]
 */
export const linspace = op(
  'linspace',
  <A extends Operand, B extends Operand>(start: A, stop: B, options: SpaceOptions = {}): Outcome<A | B> => {
    knownOptions('linspace', options, spaceNames);
    return spaced('linspace', start, stop, options);
  },
);

/**
 * `base` to the powers that {@link linspace} gives: numbers from base^start to base^stop. https://keras.io/api/ops/numpy/
 *
 * @param options As of `linspace`, and `base`: default 10.
 * @throws EngineError `ARGUMENT` for a num below 0 or a base that is no number; `ATTRIBUTE` for a wrong axis.
 */
export const logspace = op(
  'logspace',
  <A extends Operand, B extends Operand>(
    start: A,
    stop: B,
    options: LogspaceOptions = {},
  ): Outcome<A | B> => {
    knownOptions('logspace', options, logspaceNames);
    const { base = 10, ...rest } = options;
    finite('logspace', 'base', base);
    return spaced('logspace', start, stop, rest, {
      number: (x) => base ** x,
      value: (x) => power(base, x),
    });
  },
);

/**
 * Numbers from `start` to `stop`, each the same factor larger than the one before. https://keras.io/api/ops/numpy/
 *
 * @param start Not 0, of the sign of `stop`.
 * @param options As of `linspace`.
 * @throws EngineError `ARGUMENT` for a num below 0, and for numbers of two signs or 0; `ATTRIBUTE` for a wrong axis.
 */
export const geomspace = op(
  'geomspace',
  <A extends Operand, B extends Operand>(start: A, stop: B, options: SpaceOptions = {}): Outcome<A | B> => {
    knownOptions('geomspace', options, spaceNames);
    if (typeof start !== 'number' || typeof stop !== 'number') {
      const side = sign(asSym(start));
      const [from, to] = [log10(multiply(side, asSym(start))), log10(multiply(side, asSym(stop)))];
      const { dtype, ...rest } = options;
      const values = multiply(
        spaced('geomspace', from, to, rest, { number: (x) => 10 ** x, value: (x) => power(10, x) }),
        typeOf(side).shape.length === 0 ? side : expandDims(side, options.axis ?? 0),
      );
      return outcomeOf(dtype === undefined ? values : cast(values, dtype));
    }
    if (!(start * stop > 0)) throw expected('geomspace', 'two numbers of one sign, not 0', [start, stop]);
    const [from, to] = [Math.log(Math.abs(start)), Math.log(Math.abs(stop))];
    const number = (x: number) => Math.sign(start) * Math.exp(x);
    return spaced('geomspace', from, to, options, { number, value: (x) => x }) as Outcome<A | B>;
  },
);

/** A window: numbers by a rule of the place as a share from 0 to 1. */
function window(who: string, x: number, number: (share: number) => number): Tensor {
  const size = integer(who, 'the length of the window', x, 0);
  return made(who, [size], (i) => (size === 1 ? 1 : number(i / (size - 1))));
}

/** A triangle from 0 over 1 to 0. https://keras.io/api/ops/numpy/ @param x How many numbers. @throws EngineError `ARGUMENT`. */
export function bartlett(x: number): Tensor {
  return window('bartlett', x, (t) => 1 - Math.abs(2 * t - 1));
}

/** 0.42 − 0.5 cos 2πt + 0.08 cos 4πt for t from 0 to 1. https://keras.io/api/ops/numpy/ @param x How many numbers. @throws EngineError `ARGUMENT`. */
export function blackman(x: number): Tensor {
  return window(
    'blackman',
    x,
    (t) => 0.42 - 0.5 * Math.cos(2 * Math.PI * t) + 0.08 * Math.cos(4 * Math.PI * t),
  );
}

/** 0.54 − 0.46 cos 2πt for t from 0 to 1. https://keras.io/api/ops/numpy/ @param x How many numbers. @throws EngineError `ARGUMENT`. */
export function hamming(x: number): Tensor {
  return window('hamming', x, (t) => 0.54 - 0.46 * Math.cos(2 * Math.PI * t));
}

/** 0.5 − 0.5 cos 2πt for t from 0 to 1. https://keras.io/api/ops/numpy/ @param x How many numbers. @throws EngineError `ARGUMENT`. */
export function hanning(x: number): Tensor {
  return window('hanning', x, (t) => 0.5 - 0.5 * Math.cos(2 * Math.PI * t));
}

/** The modified Bessel function of the first kind and order 0, by its series, all of whose terms are positive. */
function besselI0(x: number): number {
  let [sum, term] = [1, 1];
  for (let k = 1; term > sum * 2 ** -53; k++) sum += term *= (x / (2 * k)) ** 2;
  return sum;
}

/**
 * Kaiser's window: I₀(β √(1 − (2t − 1)²)) / I₀(β) for t from 0 to 1. https://keras.io/api/ops/numpy/
 *
 * @param x How many numbers.
 * @param beta How narrow it is, up to 700; 0 is a rectangle.
 * @throws EngineError `ARGUMENT`.
 */
export function kaiser(x: number, beta: number): Tensor {
  if (!(Math.abs(finite('kaiser', 'beta', beta)) <= 700)) throw expected('kaiser', 'beta up to 700', beta);
  return window('kaiser', x, (t) => besselI0(beta * Math.sqrt(4 * t * (1 - t))) / besselI0(beta));
}
