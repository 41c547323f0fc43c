import { type OptionNames, knownOptions } from '../base/checks.js';
import type { Attrs, DType } from '../engine/engine.js';
import { type Operand, type Outcome, apply, applyFloat, typeOf } from '../core/apply.js';
import { op } from '../core/op.js';
import { add, maximum, minimum } from './binary.js';
import { reduceNames } from './axis.js';
import { asSym, outcomeOf } from './composed.js';
import { reshape } from './shape.js';
import { cast } from './unary.js';
import { isWhole, wholeExtreme, wholeArgmax, wholeSum } from './wholeReductions.js';
import type { Sym } from '../core/sym.js';

/** Which axes a reduction goes over. */
export interface ReduceOptions {
  /** One axis or several, negative ones from the end. Default all. */
  axis?: number | readonly number[];
  /** Keep the axes with size 1. Default false. */
  keepDims?: boolean;
}

/** What `ops.max` and `ops.min` take. */
export interface ExtremeOptions extends ReduceOptions {
  /** A number that counts besides those of x; the result where there are none. Default none. */
  initial?: number;
}

/** What `ops.prod` takes. */
export interface ProdOptions extends ReduceOptions {
  /** What the product becomes at the end. Default float32, in which it is computed. */
  dtype?: DType;
}

/** Which axis `ops.argmax` and `ops.argmin` go along. */
export interface ArgOptions {
  /** By default x counts as one list of all its numbers. */
  axis?: number;
  /** Keep the axis with size 1. Default false. */
  keepDims?: boolean;
}

const extremeNames = { ...reduceNames, initial: 'optional' } satisfies OptionNames<ExtremeOptions>;
const prodNames = { ...reduceNames, dtype: 'optional' } satisfies OptionNames<ProdOptions>;
const argNames = { axis: 'optional', keepDims: 'boolean' } satisfies OptionNames<ArgOptions>;

/** The sum over axes. float32; of whole numbers and bool int32, which wraps around. */
export const sum = op('sum', <T extends Operand>(x: T, options?: ReduceOptions): Outcome<T> => {
  const attrs = over('sum', options);
  return isWhole(x) ? outcomeOf(wholeSum(x, options ?? {})) : apply('sum', [x], attrs);
});
/** The mean over axes. float32, of whole numbers too. */
export const mean = op('mean', <T extends Operand>(x: T, options?: ReduceOptions): Outcome<T> =>
  applyFloat('mean', [x], over('mean', options)),
);
/** The product over axes. float32, of whole numbers too. */
export const prod = op('prod', <T extends Operand>(x: T, options: ProdOptions = {}): Outcome<T> => {
  knownOptions('prod', options, prodNames);
  const { dtype, ...rest } = options;
  const product = applyFloat('prod', [x], over('prod', rest));
  return dtype === undefined ? product : outcomeOf(cast(product, dtype));
});
/** The largest number over axes, of x's dtype, and `initial`; ties share the gradient evenly. Also as `ops.amax`. */
export const max = op('max', <T extends Operand>(x: T, options?: ExtremeOptions): Outcome<T> =>
  extreme('max', x, options),
);
/** The smallest number over axes, of x's dtype, and `initial`; ties share the gradient evenly. Also as `ops.amin`. */
export const min = op('min', <T extends Operand>(x: T, options?: ExtremeOptions): Outcome<T> =>
  extreme('min', x, options),
);

function extreme<T extends Operand>(op: 'max' | 'min', x: T, options: ExtremeOptions = {}): Outcome<T> {
  knownOptions(op, options, extremeNames);
  const { initial, ...rest } = options;
  const attrs = over(op, rest);
  const reduced = (): Sym => (isWhole(x) ? wholeExtreme(op, x, rest) : asSym(apply(op, [x], attrs)));
  if (initial === undefined) return outcomeOf(reduced());
  // Of no numbers there is a sum only: 0.
  if (typeOf(x).shape.includes(0)) return outcomeOf(add(sum(x, rest), initial));
  const choose = op === 'max' ? maximum : minimum;
  return outcomeOf(choose(reduced(), initial));
}

/** The index of the largest number along an axis, or among all numbers, the first of equal ones. int32. Also as `ops.argMax`, TF.js's name. */
export const argmax = op('argmax', <T extends Operand>(x: T, options: ArgOptions = {}): Outcome<T> =>
  argument('argmax', x, options),
);
/** The index of the smallest number along an axis, or among all numbers, the first of equal ones. int32. Also as `ops.argMin`, TF.js's name. */
export const argmin = op('argmin', <T extends Operand>(x: T, options: ArgOptions = {}): Outcome<T> =>
  argument('argmin', x, options),
);

function over(op: string, options: ReduceOptions = {}): Attrs {
  knownOptions(op, options, reduceNames);
  const { axis = [], keepDims = false } = options;
  return { axes: typeof axis === 'number' ? [axis] : axis, keepDims };
}

function argument<T extends Operand>(op: 'argmax' | 'argmin', x: T, options: ArgOptions): Outcome<T> {
  knownOptions(op, options, argNames);
  const { axis, keepDims = false } = options;
  const along = (y: Sym, at: number, keep: boolean): Sym =>
    isWhole(y) ? wholeArgmax(op, y, at, keep) : apply(op, [y], { axis: at, keepDims: keep });
  if (axis !== undefined) return outcomeOf(along(asSym(x), axis, keepDims));
  const index = along(asSym(reshape(x, [-1])), 0, false);
  return (keepDims ? reshape(index, Array<number>(typeOf(x).shape.length).fill(1)) : index) as Outcome<T>;
}
