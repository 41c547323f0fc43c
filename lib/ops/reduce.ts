import { type OptionNames, knownOptions } from '../checks.js';
import type { Attrs } from '../engine.js';
import { type Operand, type Outcome, apply, applyFloat } from './apply.js';

export interface ReduceOptions {
  /** One axis or several, negative ones from the end. Default all. */
  axis?: number | readonly number[];
  /** Keep the axes with size 1. Default false. */
  keepDims?: boolean;
}

export interface ArgOptions {
  /** Default the last. */
  axis?: number;
  /** Keep the axis with size 1. Default false. */
  keepDims?: boolean;
}

const reduceNames = { axis: 'optional', keepDims: 'optional' } satisfies OptionNames<ReduceOptions>;
const argNames = { axis: 'optional', keepDims: 'optional' } satisfies OptionNames<ArgOptions>;

/** The sum over axes. float32. */
export const sum = <T extends Operand>(x: T, options?: ReduceOptions): Outcome<T> =>
  apply('sum', [x], over('sum', options));
/** The mean over axes. float32, of whole numbers too. */
export const mean = <T extends Operand>(x: T, options?: ReduceOptions): Outcome<T> =>
  applyFloat('mean', [x], over('mean', options));
/** The product over axes. */
export const prod = <T extends Operand>(x: T, options?: ReduceOptions): Outcome<T> =>
  apply('prod', [x], over('prod', options));
/** The largest number over axes; ties share the gradient evenly. */
export const max = <T extends Operand>(x: T, options?: ReduceOptions): Outcome<T> =>
  apply('max', [x], over('max', options));
/** The smallest number over axes; ties share the gradient evenly. */
export const min = <T extends Operand>(x: T, options?: ReduceOptions): Outcome<T> =>
  apply('min', [x], over('min', options));

/** The place of the largest number along an axis, the first of equal ones. int32. */
export const argMax = <T extends Operand>(x: T, options: ArgOptions = {}): Outcome<T> =>
  apply('argMax', [x], argAttrs('argMax', options));
/** The place of the smallest number along an axis, the first of equal ones. int32. */
export const argMin = <T extends Operand>(x: T, options: ArgOptions = {}): Outcome<T> =>
  apply('argMin', [x], argAttrs('argMin', options));

function over(op: string, options: ReduceOptions = {}): Attrs {
  knownOptions(op, options, reduceNames);
  const { axis = [], keepDims = false } = options;
  return { axes: typeof axis === 'number' ? [axis] : axis, keepDims };
}

function argAttrs(op: string, options: ArgOptions): Attrs {
  knownOptions(op, options, argNames);
  return { axis: options.axis ?? -1, keepDims: options.keepDims ?? false };
}
