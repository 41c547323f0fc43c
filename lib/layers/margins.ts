import { expected, integer } from '../base/checks.js';

/** How much is at the two ends of a spatial axis. @inline */
export type Margin = readonly [before: number, after: number];

/** The margins of sequences: one number for both ends, or [before, after]. @inline */
export type Margins1D = number | Margin;

/** Rows and columns at the four sides: one number for all, one for height and one for width, or [[top, bottom], [left, right]]. @inline */
export type Margins2D =
  | number
  | readonly [height: number, width: number]
  | readonly [readonly [top: number, bottom: number], readonly [left: number, right: number]];

/** The margins of volumes: one number for all, one for depth, height and width each, or [before, after] for each. @inline */
export type Margins3D =
  | number
  | readonly [depth: number, height: number, width: number]
  | readonly [depth: Margin, height: Margin, width: Margin];

/** Any of them. */
export type Margins = Margins1D | Margins2D | Margins3D;

/** The margins as [before, after] for each spatial axis. @internal */
export function marginsOf(layer: string, name: string, given: Margins, spatial: number): [number, number][] {
  const sides: readonly unknown[] =
    typeof given === 'number' ? Array<number>(spatial).fill(given) : spatial === 1 ? [given] : given;
  if (!Array.isArray(sides) || sides.length !== spatial || !sides.every(isMargin)) {
    const forms = [
      '',
      'two of them, [before, after],',
      'two of them or [[top, bottom], [left, right]]',
      'three of them or [before, after] for depth, height and width each',
    ];
    const form = `an integer, ${forms[spatial]}`;
    throw expected(layer, `${form} for ${name}`, given);
  }
  return sides.map((side: number | Margin): [number, number] => {
    const [before, after] = typeof side === 'number' ? [side, side] : side;
    return [integer(layer, name, before, 0), integer(layer, name, after, 0)];
  });
}

const isMargin = (side: unknown): boolean =>
  typeof side === 'number' || (Array.isArray(side) && side.length === 2);
