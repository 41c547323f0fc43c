import { type OptionNames, expected, integers, wrongShape } from '../base/checks.js';
import { itemAt } from '../base/list.js';
import type { ReduceOptions } from './reduce.js';

/** The axis that an op works along. */
export interface AxisOptions {
  /** Along which axis; negative ones count from the end. */
  axis?: number;
}

/** @internal */
export const axisNames = { axis: 'optional' } satisfies OptionNames<AxisOptions>;

/** @internal */
export const reduceNames = { axis: 'optional', keepDims: 'boolean' } satisfies OptionNames<ReduceOptions>;

/** An axis counted from 0. @throws EngineError `ATTRIBUTE` for one that a value of the rank does not have. @internal */
export function axisOf(op: string, axis: number, rank: number): number {
  if (Number.isInteger(axis) && axis >= -rank && axis < rank) return axis < 0 ? axis + rank : axis;
  throw expected(op, `an axis in [-${rank}, ${rank})`, axis, 'ATTRIBUTE');
}

/** The size along an axis. @throws EngineError `SHAPE` where it is known only when the program runs. @internal */
export function sizeAlong(op: string, shape: readonly number[], axis: number): number {
  const size = itemAt(shape, axis);
  if (size >= 0) return size;
  throw wrongShape(op, `a known size along axis ${axis}`, shape);
}

/** Axes counted from 0, each once; by default all. @throws EngineError `ATTRIBUTE`. @internal */
export function axesOf(
  op: string,
  axis: number | readonly number[] | undefined,
  rank: number,
): readonly number[] {
  if (axis === undefined) return Array.from({ length: rank }, (_, i) => i);
  const axes = integers(op, 'axis', axis).map((one) => axisOf(op, one, rank));
  if (new Set(axes).size === axes.length) return axes;
  throw expected(op, 'each axis once', axis, 'ATTRIBUTE');
}
