import { type OptionNames, knownOptions } from '../base/checks.js';
import type { Attrs } from '../engine/engine.js';
import { type Operand, type Outcome, apply, applyFloat, typeOf } from '../core/apply.js';
import { reshape } from './shape.js';
import { op } from '../core/op.js';

/** Which axes a reduction goes over. */
export interface ReduceOptions {
  /** One axis or several, negative ones from the end. Default all. */
  axis?: number | readonly number[];
  /** Keep the axes with size 1. Default false. */
  keepDims?: boolean;
}

/** Which axis `ops.argmax` and `ops.argmin` go along. */
export interface ArgOptions {
  /** By default x counts as one list of all its numbers. */
  axis?: number;
  /** Keep the axis with size 1. Default false. */
  keepDims?: boolean;
}

const reduceNames = { axis: 'optional', keepDims: 'boolean' } satisfies OptionNames<ReduceOptions>;
const argNames = { axis: 'optional', keepDims: 'boolean' } satisfies OptionNames<ArgOptions>;

/** The sum over axes. float32. */
export const sum = op('sum', <T extends Operand>(x: T, options?: ReduceOptions): Outcome<T> =>
  apply('sum', [x], over('sum', options)),
);
/** The mean over axes. float32, of whole numbers too. */
export const mean = op('mean', <T extends Operand>(x: T, options?: ReduceOptions): Outcome<T> =>
  applyFloat('mean', [x], over('mean', options)),
);
/** The product over axes. */
export const prod = op('prod', <T extends Operand>(x: T, options?: ReduceOptions): Outcome<T> =>
  apply('prod', [x], over('prod', options)),
);
/** The largest number over axes; ties share the gradient evenly. */
export const max = op('max', <T extends Operand>(x: T, options?: ReduceOptions): Outcome<T> =>
  apply('max', [x], over('max', options)),
);
/** The smallest number over axes; ties share the gradient evenly. */
export const min = op('min', <T extends Operand>(x: T, options?: ReduceOptions): Outcome<T> =>
  apply('min', [x], over('min', options)),
);

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

function argument<T extends Operand>(op: string, x: T, options: ArgOptions): Outcome<T> {
  knownOptions(op, options, argNames);
  const { axis, keepDims = false } = options;
  if (axis !== undefined) return apply(op, [x], { axis, keepDims });
  const index = apply<Operand>(op, [reshape<Operand>(x, [-1])], { axis: 0 });
  return (keepDims ? reshape(index, Array<number>(typeOf(x).shape.length).fill(1)) : index) as Outcome<T>;
}
