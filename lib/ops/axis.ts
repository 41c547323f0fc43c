import { type OptionNames, expected } from '../base/checks.js';

/** The axis that an op works along. */
export interface AxisOptions {
  /** Along which axis; negative ones count from the end. */
  axis?: number;
}

/** @internal */
export const axisNames = { axis: 'optional' } satisfies OptionNames<AxisOptions>;

/** An axis counted from 0. @throws EngineError `ATTRIBUTE` for one that a value of the rank does not have. @internal */
export function axisOf(op: string, axis: number, rank: number): number {
  if (Number.isInteger(axis) && axis >= -rank && axis < rank) return axis < 0 ? axis + rank : axis;
  throw expected(op, `an axis in [-${rank}, ${rank})`, axis, undefined, 'ATTRIBUTE');
}
