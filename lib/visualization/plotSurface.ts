import { type OptionNames, expected, isPlainObject, oneOf } from '../base/checks.js';
import { itemAt } from '../base/list.js';
import { type FigureOptions, checkFigure, figure, figureNames, legendOf, loadPlot } from './figure.js';
import { SCALES } from './axes.js';

/** The smallest and the largest value of an axis. */
export type Interval = readonly [low: number, high: number];

/** What `visualization.plotSurface` takes. */
export interface PlotSurfaceOptions extends FigureOptions {
  /** The horizontal axis. Default [-1, 1]. */
  x?: Interval;
  /** The vertical axis. Default [-1, 1]. */
  y?: Interval;
  /** Points that lines connect, by name: what optimizers visit. Default: none. */
  paths?: Readonly<Record<string, readonly (readonly [x: number, y: number])[]>>;
  /** Whether heights are steps of the logarithm, for surfaces that rise steeply; they have to be above 0 then. Default `linear`. */
  scale?: 'linear' | 'log';
}

const names = {
  ...figureNames,
  x: 'optional',
  y: 'optional',
  paths: 'optional',
  scale: 'optional',
} satisfies OptionNames<PlotSurfaceOptions>;
const LEVELS = 20;

/**
 * A function of two numbers as lines of equal height, as of a map, and paths over it. Drawn by `@observablehq/plot` and `linkedom`.
 *
 * @param height The function.
 * @returns The picture in SVG.
 * @throws EngineError `ARGUMENT` for what is no function, heights that are no numbers, and options out of their range; `STATE` where a
 *   package is missing; `IO` where the file cannot be written.
 * @example await visualization.plotSurface((x, y) => x * x + 10 * y * y, { paths: { sgd: [[1, 1], [0.5, 0], [0, 0]] } });
 */
export async function plotSurface(
  height: (x: number, y: number) => number,
  options: PlotSurfaceOptions = {},
): Promise<string> {
  const who = 'plotSurface';
  checkFigure(who, options, names);
  if (typeof (height as unknown) !== 'function') throw expected(who, 'a function of two numbers', height);
  const isLog = oneOf(who, 'scale', options.scale ?? 'linear', SCALES) === 'log';
  const [x1, x2] = interval(who, 'x', options.x);
  const [y1, y2] = interval(who, 'y', options.y);
  const paths = pathsOf(who, options.paths ?? {});
  const heightAt = (x: number, y: number): number => {
    const value: unknown = height(x, y);
    if (typeof value !== 'number' || (isLog && !(value > 0)))
      throw expected(who, `a number${isLog ? ' above 0' : ''} as the height at (${x}, ${y})`, value);
    return isLog ? Math.log10(value) : value;
  };
  const legend = legendOf([...paths.keys()]);
  const { plot, draw } = await loadPlot(who);
  const panel = draw({
    width: 520,
    height: 460,
    x: { domain: [x1, x2], label: 'x' },
    y: { domain: [y1, y2], label: 'y' },
    color: { scheme: 'greys', type: 'linear' },
    marks: [
      plot.contour({
        x1,
        y1,
        x2,
        y2,
        fill: heightAt,
        thresholds: LEVELS,
        stroke: 'white',
        strokeWidth: 0.5,
        interpolate: 'nearest',
      }),
      ...[...paths].flatMap(([name, points]) => {
        const stroke = legend.get(name);
        const ends = points.slice(-1);
        return [
          plot.line(points, { stroke, strokeWidth: 2 }),
          plot.dot(points, { fill: stroke, r: 1.5 }),
          plot.dot(ends, { fill: stroke, r: 4 }),
        ];
      }),
    ],
  });
  return figure(who, [panel], options, legend.size === 0 ? {} : { legend });
}

/** An interval that was given. @internal */
export function interval(who: string, name: string, given: unknown = [-1, 1]): Interval {
  const isInterval =
    Array.isArray(given) &&
    given.length === 2 &&
    given.every(Number.isFinite) &&
    itemAt(given, 0) < itemAt(given, 1);
  if (!isInterval) throw expected(who, `two numbers, the smaller one first, as ${name}`, given);
  return given as unknown as Interval;
}

function pathsOf(who: string, given: unknown): ReadonlyMap<string, readonly Interval[]> {
  const isPoint = (point: unknown) =>
    Array.isArray(point) && point.length === 2 && point.every(Number.isFinite);
  if (!isPlainObject(given)) throw expected(who, 'paths by name', given);
  for (const [name, path] of Object.entries(given))
    if (!Array.isArray(path) || !path.every(isPoint))
      throw expected(who, `points [x, y] as path '${name}'`, path);
  return new Map(Object.entries(given) as [string, Interval[]][]);
}
