import { type OptionNames, expected, isPlainObject, oneOf } from '../base/checks.js';
import type { History } from '../callbacks/history.js';
import { type FigureOptions, checkFigure, figure, figureNames, legendOf, loadPlot } from './figure.js';
import { SCALES, horizontalAxis, verticalAxis } from './axes.js';

/** What `visualization.plotHistory` takes. */
export interface PlotHistoryOptions extends FigureOptions {
  /** The losses and metrics that are drawn, without `val_`. Default: all. */
  metrics?: readonly string[];
  /** How numbers become heights. Default `linear`. */
  scale?: 'linear' | 'log';
}

const names = {
  ...figureNames,
  metrics: 'optional',
  scale: 'optional',
} satisfies OptionNames<PlotHistoryOptions>;
const VALIDATION = 'val_';

/**
 * The curves of a training: a panel for each loss and metric, with its numbers of training and validation data over the epochs, counted
 * from 1. Numbers that are not finite are gaps. Drawn by the packages `@observablehq/plot` and `linkedom`; PNG files need `sharp`, too, and
 * a font on the machine.
 *
 * @param history What `fit` gives, or numbers by name, one an epoch.
 * @returns The picture in SVG.
 * @throws EngineError `ARGUMENT` for what is no history, an unknown metric and options out of their range; `STATE` where a package is
 *   missing; `IO` where the file cannot be written.
 * @example await visualization.plotHistory({ loss: [1, 0.5], val_loss: [1.1, 0.7] }, { path: `${folder}/history.svg` });
 */
export async function plotHistory(
  history: History | Readonly<Record<string, readonly number[]>>,
  options: PlotHistoryOptions = {},
): Promise<string> {
  const who = 'plotHistory';
  checkFigure(who, options, names);
  const scale = oneOf(who, 'scale', options.scale ?? 'linear', SCALES);
  const curves = curvesOf(who, history);
  const all = [...new Set([...curves.keys()].map(metricOf))];
  const metrics = options.metrics ?? all;
  for (const metric of metrics) oneOf(who, 'metrics', metric, all);
  const { plot, draw } = await loadPlot(who);
  const legend = legendOf(
    [...curves.keys()].some((name) => name.startsWith(VALIDATION))
      ? ['training', 'validation']
      : ['training'],
  );
  const panels = metrics.map((metric) => {
    const numbers = [metric, VALIDATION + metric].flatMap((name) => curves.get(name) ?? []);
    return draw({
      x: horizontalAxis('epoch', [1, numbers.length]),
      y: verticalAxis(metric, scale, numbers),
      marks: [...legend].flatMap(([kind, stroke]) => {
        const values = curves.get(kind === 'training' ? metric : VALIDATION + metric) ?? [];
        const points = values.map((value, at) => ({
          epoch: at + 1,
          value: Number.isFinite(value) ? value : NaN,
        }));
        return [
          plot.line(points, { x: 'epoch', y: 'value', stroke }),
          // A single epoch is no line.
          ...(points.length === 1 ? [plot.dot(points, { x: 'epoch', y: 'value', fill: stroke })] : []),
        ];
      }),
    });
  });
  return figure(who, panels, options, { legend });
}

const metricOf = (name: string): string =>
  name.startsWith(VALIDATION) ? name.slice(VALIDATION.length) : name;

function curvesOf(who: string, history: unknown): ReadonlyMap<string, readonly number[]> {
  const given = (history as History | null)?.history ?? history;
  const entries = isPlainObject(given) ? Object.entries(given) : [];
  const isCurve = (value: unknown) => Array.isArray(value) && value.every((n) => typeof n === 'number');
  if (entries.length === 0 || !entries.every(([, value]) => isCurve(value)))
    throw expected(who, 'a history: numbers by name, one an epoch', history);
  return new Map(entries as [string, readonly number[]][]);
}
