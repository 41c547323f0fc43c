import { type OptionNames, expected, integer, isPlainObject } from '../base/checks.js';
import type { ArrayData } from '../data/batches.js';
import { histogram } from '../data/histogram.js';
import { plainArray } from '../data/plainArrays.js';
import { type FigureOptions, checkFigure, colorOf, figure, figureNames, loadPlot } from './figure.js';
import { horizontalAxis } from './axes.js';

/** What `visualization.plotHistogram` takes. */
export interface PlotHistogramOptions extends FigureOptions {
  /** How many bars each has. Default 40. */
  bins?: number;
}

const names = { ...figureNames, bins: 'optional' } satisfies OptionNames<PlotHistogramOptions>;

/**
 * How often numbers come, a panel for each array: weights, gradients, activations. Drawn by `@observablehq/plot` and `linkedom`.
 *
 * @param values Arrays of any shape by name. Numbers that are not finite are left out, and counted in the panel's name.
 * @returns The picture in SVG.
 * @throws EngineError `ARGUMENT` for no array and options out of their range; `STATE` where a package is missing; `IO` where the file
 *   cannot be written.
 * @example await visualization.plotHistogram({ kernel: [[0.1, -0.2], [0.3, 0]] }, { bins: 10 });
 */
export async function plotHistogram(
  values: Readonly<Record<string, ArrayData>>,
  options: PlotHistogramOptions = {},
): Promise<string> {
  const who = 'plotHistogram';
  checkFigure(who, options, names);
  const bins = integer(who, 'bins', options.bins ?? 40);
  if (!isPlainObject(values) || Object.keys(values).length === 0)
    throw expected(who, 'arrays by name, at least one', values);
  const { plot, draw } = await loadPlot(who);
  const panels = [];
  for (const [name, given] of Object.entries(values)) {
    const { data } = await plainArray(given);
    const { bars, left } = histogram(data, bins);
    panels.push(
      draw({
        x: horizontalAxis(
          left === 0 ? name : `${name} (${left} not finite)`,
          bars.flatMap(({ low, high }) => [low, high]),
        ),
        y: { label: 'count', grid: true },
        marks: [plot.rectY(bars, { x1: 'low', x2: 'high', y: 'count', fill: colorOf(0) }), plot.ruleY([0])],
      }),
    );
  }
  return figure(who, panels, options);
}
