import { type OptionNames, expected, isPlainObject } from '../base/checks.js';
import { itemAt } from '../base/list.js';
import { Tensor } from '../core/tensor.js';
import { NDArray } from '../core/ndarray.js';
import type { ArrayData } from '../data/batches.js';
import { plainArray } from '../data/plainArrays.js';
import { type FigureOptions, checkFigure, figure, figureNames, legendOf, loadPlot } from './figure.js';

/** Scores by name: a curve each. */
export type NamedScores = Readonly<Record<string, ArrayData>>;

/** A point of a curve. */
interface Point {
  readonly x: number;
  readonly y: number;
}

/** A curve of points and the number that sums it up. */
interface Curve {
  readonly points: readonly Point[];
  readonly summary: number;
}

/** How many positive and negative samples have at least each score, from the highest score on. */
interface Counts {
  readonly positive: number;
  readonly negative: number;
}

const names = figureNames satisfies OptionNames<FigureOptions>;

/**
 * The share of positive samples found over the share of negative samples taken for positive ones, at each threshold (receiver operating
 * characteristic), with the area below. Drawn by `@observablehq/plot` and `linkedom`.
 * https://scikit-learn.org/stable/modules/generated/sklearn.metrics.roc_curve.html
 *
 * @param yTrue 0 or 1, [samples] or [samples, 1], with both.
 * @param yScore Numbers that are high where 1 is likely, in the same shape; several of them by name.
 * @returns The picture in SVG.
 * @throws EngineError `SHAPE` where the samples' numbers differ; `ARGUMENT` for other labels or only one, and for options out of their range;
 *   `STATE` where a package is missing; `IO` where the file cannot be written.
 * @example await visualization.plotRocCurve([0, 1, 0, 1], [0.1, 0.8, 0.4, 0.35]);
 */
export function plotRocCurve(
  yTrue: ArrayData,
  yScore: ArrayData | NamedScores,
  options: FigureOptions = {},
): Promise<string> {
  return plotBinary('plotRocCurve', yTrue, yScore, options, {
    x: 'false positive rate',
    y: 'true positive rate',
    summary: 'AUC',
    diagonal: true,
    curve: rocCurve,
  });
}

/**
 * The share of true samples among those taken for positive over the share of positive samples found, at each threshold, with the average
 * precision. Drawn by `@observablehq/plot` and `linkedom`. https://scikit-learn.org/stable/modules/generated/sklearn.metrics.precision_recall_curve.html
 *
 * @param yTrue 0 or 1, [samples] or [samples, 1], with both.
 * @param yScore Numbers that are high where 1 is likely, in the same shape; several of them by name.
 * @returns The picture in SVG.
 * @throws EngineError as {@link plotRocCurve}.
 * @example await visualization.plotPrecisionRecallCurve([0, 1, 0, 1], { net: [0.1, 0.8, 0.4, 0.35], line: [0.2, 0.6, 0.5, 0.1] });
 */
export function plotPrecisionRecallCurve(
  yTrue: ArrayData,
  yScore: ArrayData | NamedScores,
  options: FigureOptions = {},
): Promise<string> {
  return plotBinary('plotPrecisionRecallCurve', yTrue, yScore, options, {
    x: 'recall',
    y: 'precision',
    summary: 'AP',
    diagonal: false,
    curve: precisionRecallCurve,
  });
}

interface Kind {
  readonly x: string;
  readonly y: string;
  readonly summary: string;
  readonly diagonal: boolean;
  readonly curve: (counts: readonly Counts[]) => Curve;
}

async function plotBinary(
  who: string,
  yTrue: ArrayData,
  yScore: ArrayData | NamedScores,
  options: FigureOptions,
  kind: Kind,
): Promise<string> {
  checkFigure(who, options, names);
  const labels = await column(who, 'yTrue', yTrue);
  if (!labels.every((n) => n === 0 || n === 1) || !labels.includes(0) || !labels.includes(1))
    throw expected(who, 'yTrue of both 0 and 1, and nothing else', [...new Set(labels)].slice(0, 10));
  const isNamed = isPlainObject(yScore) && !(yScore instanceof Tensor || yScore instanceof NDArray);
  const scores: NamedScores = isNamed ? yScore : { '': yScore };
  if (Object.keys(scores).length === 0) throw expected(who, 'scores, one list at least', yScore);
  const curves = new Map<string, Curve>();
  for (const [name, given] of Object.entries(scores)) {
    const curve = kind.curve(countsOf(labels, await column(who, 'yScore', given, labels.length)));
    const summary = `${kind.summary} ${curve.summary.toFixed(3)}`;
    curves.set(name === '' ? summary : `${name} (${summary})`, curve);
  }
  const legend = legendOf([...curves.keys()]);
  const { plot, draw } = await loadPlot(who);
  const panel = draw({
    width: 380,
    height: 360,
    x: { domain: [0, 1], label: kind.x, grid: true },
    y: { domain: [0, 1], label: kind.y, grid: true },
    marks: [
      ...(kind.diagonal
        ? [
            plot.line(
              [
                { x: 0, y: 0 },
                { x: 1, y: 1 },
              ],
              { x: 'x', y: 'y', stroke: 'gray', strokeDasharray: '4 4' },
            ),
          ]
        : []),
      ...[...curves].map(([name, { points }]) =>
        plot.line(points, { x: 'x', y: 'y', stroke: legend.get(name) }),
      ),
    ],
  });
  return figure(who, [panel], options, { legend });
}

async function column(who: string, name: string, given: ArrayData, count?: number): Promise<number[]> {
  const { data, shape } = await plainArray(given);
  const fits = shape.length === 1 || (shape.length === 2 && shape[1] === 1);
  const samples = String(count ?? 'samples');
  if (!fits || (count !== undefined && data.length !== count))
    throw expected(who, `${name} of shape [${samples}] or [${samples}, 1]`, [...shape], 'SHAPE');
  return Array.from(data);
}

/** The counts at each threshold, the highest first. Equal scores have one threshold. */
function countsOf(labels: readonly number[], scores: readonly number[]): Counts[] {
  const order = scores.map((_, at) => at).sort((a, b) => itemAt(scores, b) - itemAt(scores, a));
  const counts: Counts[] = [];
  let [positive, negative] = [0, 0];
  for (const [rank, at] of order.entries()) {
    if (labels[at] === 1) positive++;
    else negative++;
    if (scores[order[rank + 1] ?? -1] !== scores[at]) counts.push({ positive, negative });
  }
  return counts;
}

function rocCurve(counts: readonly Counts[]): Curve {
  const all = itemAt(counts, counts.length - 1);
  const points = [{ positive: 0, negative: 0 }, ...counts].map(({ positive, negative }) => ({
    x: negative / all.negative,
    y: positive / all.positive,
  }));
  let area = 0;
  for (let n = 1; n < points.length; n++) {
    const [a, b] = [itemAt(points, n - 1), itemAt(points, n)];
    area += ((b.x - a.x) * (a.y + b.y)) / 2;
  }
  return { points, summary: area };
}

function precisionRecallCurve(counts: readonly Counts[]): Curve {
  const all = itemAt(counts, counts.length - 1).positive;
  const points = [
    { x: 0, y: 1 },
    ...counts.map(({ positive, negative }) => ({ x: positive / all, y: positive / (positive + negative) })),
  ];
  let mean = 0;
  for (let n = 1; n < points.length; n++)
    mean += (itemAt(points, n).x - itemAt(points, n - 1).x) * itemAt(points, n).y;
  return { points, summary: mean };
}
