import { expected, integer } from '../base/checks.js';
import type { DataFormat } from '../ops/window.js';
import type { LayerOptions } from './layer.js';

/** Rows and columns at the four sides: one number for all, one for height and one for width, or [[top, bottom], [left, right]]. */
export type Margins =
  | number
  | readonly [height: number, width: number]
  | readonly [readonly [top: number, bottom: number], readonly [left: number, right: number]];

/** What layers take that change the margins of images. */
export interface MarginOptions extends LayerOptions {
  /** The order of the axes: `channelsLast`, [n, height, width, channels], or `channelsFirst`, [n, channels, height, width]. Default `channelsLast`. */
  dataFormat?: DataFormat;
}

/** The margins as [[top, bottom], [left, right]]. @internal */
export function marginsOf(layer: string, name: string, given: Margins): [[number, number], [number, number]] {
  const sides: readonly unknown[] = typeof given === 'number' ? [given, given] : given;
  if (!Array.isArray(sides) || sides.length !== 2) {
    throw expected(layer, `an integer, two of them or [[top, bottom], [left, right]] for ${name}`, given);
  }
  const [height, width] = sides.map((side): [number, number] => {
    const [first, second, ...more] = (Array.isArray(side) ? side : [side, side]) as number[];
    if (more.length > 0) integer(layer, name, NaN, 0);
    return [integer(layer, name, first, 0), integer(layer, name, second, 0)];
  });
  return [height, width];
}
