import type { OptionNames } from '../base/checks.js';

/** The axis that an op works along. */
export interface AxisOptions {
  /** Along which axis; negative ones count from the end. */
  axis?: number;
}

/** @internal */
export const axisNames = { axis: 'optional' } satisfies OptionNames<AxisOptions>;
