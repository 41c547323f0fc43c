import { type OptionNames, expected, isPlainObject, oneOf, wrongShape } from '../base/checks.js';
import { itemAt } from '../base/list.js';
import type { ArrayData } from '../data/batches.js';
import { plainArray } from '../data/plainArrays.js';
import { type FigureOptions, checkFigure, figure, figureNames, legendOf, loadPlot } from './figure.js';
import { SCALES, horizontalAxis, verticalAxis } from './axes.js';

/** What `visualization.plotLines` takes. */
export interface PlotLinesOptions extends FigureOptions {
  /** Where along the axis the numbers are, [numbers]. Default 0, 1, 2, … */
  x?: ArrayData;
  /** The name of the horizontal axis. Default `x`. */
  xLabel?: string;
  /** The name of the vertical axis. Default: none. */
  yLabel?: string;
  /** How numbers become heights. Default `linear`. */
  scale?: 'linear' | 'log';
}

const names = {
  ...figureNames,
  x: 'optional',
  xLabel: 'string',
  yLabel: 'string',
  scale: 'optional',
} satisfies OptionNames<PlotLinesOptions>;

/**
 * A line for each list of numbers, for functions, forecasts and runs that are compared. Numbers that are not finite are gaps. Drawn by
 * `@observablehq/plot` and `linkedom`.
 *
 * @param lines Numbers by name, each [numbers].
 * @returns The picture in SVG.
 * @throws EngineError `SHAPE` for other shapes, and more numbers than `x` has; `ARGUMENT` for no line, and options out of their range; `STATE` where a
 *   package is missing; `IO` where the file cannot be written.
 * @example await visualization.plotLines({ relu: [0, 0, 1], tanh: [-0.76, 0, 0.76] }, { x: [-1, 0, 1] });
 */
export async function plotLines(
  lines: Readonly<Record<string, ArrayData>>,
  options: PlotLinesOptions = {},
): Promise<string> {
  const who = 'plotLines';
  checkFigure(who, options, names);
  const scale = oneOf(who, 'scale', options.scale ?? 'linear', SCALES);
  const entries = await numbersByName(who, lines);
  const at = options.x === undefined ? undefined : await listOfNumbers(who, options.x);
  const legend = legendOf(entries.map(([name]) => name));
  const { plot, draw } = await loadPlot(who);
  const panel = draw({
    width: 560,
    height: 340,
    x: horizontalAxis(options.xLabel ?? 'x', at ?? [0]),
    y: verticalAxis(
      options.yLabel ?? null,
      scale,
      entries.flatMap(([, numbers]) => numbers),
    ),
    marks: entries.map(([name, numbers]) => {
      if (at !== undefined && numbers.length > at.length)
        throw wrongShape(who, `at most ${at.length} numbers for '${name}', as many as x has`, [
          numbers.length,
        ]);
      const points = numbers.map((y, n) => ({ x: at?.[n] ?? n, y: Number.isFinite(y) ? y : NaN }));
      return plot.line(points, { x: 'x', y: 'y', stroke: legend.get(name) });
    }),
  });
  return figure(who, [panel], options, { legend });
}

/** Lists of numbers with their names. @internal */
export async function numbersByName(who: string, given: unknown): Promise<[string, number[]][]> {
  if (!isPlainObject(given) || Object.keys(given).length === 0)
    throw expected(who, 'lists of numbers by name, at least one', given);
  const lists: [string, number[]][] = [];
  for (const [name, list] of Object.entries(given))
    lists.push([name, await listOfNumbers(who, list as ArrayData)]);
  return lists;
}

async function listOfNumbers(who: string, given: ArrayData): Promise<number[]> {
  const { data, shape } = await plainArray(given);
  if (shape.length !== 1) throw wrongShape(who, 'numbers of shape [numbers]', shape);
  return Array.from({ length: data.length }, (_, n) => itemAt(data, n));
}
