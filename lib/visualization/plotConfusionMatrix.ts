import { type OptionNames, checkEach, expected, oneOf } from '../base/checks.js';
import { highestOf, itemAt } from '../base/list.js';
import type { ArrayData } from '../data/batches.js';
import { type FigureOptions, checkFigure, figure, figureNames, loadPlot } from './figure.js';
import { classesOf } from './plotImageGallery.js';
import { textWidth } from './text.js';

/** What `visualization.plotConfusionMatrix` takes. */
export interface PlotConfusionMatrixOptions extends FigureOptions {
  /** The names of the classes, from 0. Default: their numbers. */
  displayLabels?: readonly string[];
  /** What the counts are shares of: the samples of a true class, of a predicted class, or all. Default null: counts. */
  normalize?: 'true' | 'pred' | 'all' | null;
}

const names = {
  ...figureNames,
  displayLabels: 'optional',
  normalize: 'optional',
} satisfies OptionNames<PlotConfusionMatrixOptions>;
const KINDS = ['true', 'pred', 'all'] as const;
const CELL = 44;
const FONT_SIZE = 10;
// Around the cells: the ticks, and the name of the axis.
const [TICK, AXIS, FREE] = [9, 18, 10];

/**
 * How many samples of each true class (rows) got each prediction (columns). Drawn by `@observablehq/plot` and `linkedom`.
 * https://scikit-learn.org/stable/modules/generated/sklearn.metrics.ConfusionMatrixDisplay.html
 *
 * @param yTrue The true classes, whole numbers [samples], or a number for each class, [samples, classes]: the largest one counts.
 * @param yPred The predictions, in one of these shapes.
 * @returns The picture in SVG.
 * @throws EngineError `SHAPE` where the samples' numbers differ; `ARGUMENT` for classes that are no whole numbers from 0, fewer names than classes, and
 *   options out of their range; `STATE` where a package is missing; `IO` where the file cannot be written.
 * @example await visualization.plotConfusionMatrix([0, 1, 1], [0, 1, 0], { displayLabels: ['cat', 'dog'] });
 */
export async function plotConfusionMatrix(
  yTrue: ArrayData,
  yPred: ArrayData,
  options: PlotConfusionMatrixOptions = {},
): Promise<string> {
  const who = 'plotConfusionMatrix';
  checkFigure(who, options, names);
  const normalize = options.normalize ?? null;
  if (normalize !== null) oneOf(who, 'normalize', normalize, KINDS);
  const truth = await classesOf(who, 'yTrue', yTrue);
  const guesses = await classesOf(who, 'yPred', yPred, truth.length);
  checkEach(
    who,
    'classes, whole numbers from 0',
    [...truth, ...guesses],
    (n) => Number.isInteger(n) && (n as number) >= 0,
  );
  const largest = highestOf([...truth, ...guesses]);
  const labels = options.displayLabels ?? Array.from({ length: largest + 1 }, (_, n) => String(n));
  if (labels.length <= largest) throw expected(who, `${largest + 1} displayLabels at least`, labels);
  const counts = countsOf(truth, guesses, labels.length);
  const cells = shares(counts, normalize).flatMap((row, t) =>
    row.map((value, p) => ({
      truth: itemAt(labels, t),
      prediction: itemAt(labels, p),
      value,
      text: normalize === null ? String(value) : value.toFixed(2),
    })),
  );
  const most = highestOf(cells.map(({ value }) => value));
  const { plot, draw } = await loadPlot(who);
  const longest = highestOf(labels.map((label) => textWidth(label, FONT_SIZE)));
  const isTilted = longest > CELL;
  const marginLeft = longest + TICK + AXIS;
  // What is tilted by 45° is as high as it is wide.
  const marginBottom = (isTilted ? (longest + FONT_SIZE) / Math.SQRT2 : FONT_SIZE) + TICK + AXIS;
  const place = { x: 'prediction', y: 'truth' };
  const panel = draw({
    width: labels.length * CELL + marginLeft + FREE,
    height: labels.length * CELL + marginBottom + FREE,
    ...{ marginLeft, marginBottom, marginTop: FREE, marginRight: FREE },
    padding: 0,
    x: { domain: labels, label: 'prediction', labelOffset: marginBottom - 6, tickRotate: isTilted ? -45 : 0 },
    y: { domain: labels, label: 'truth' },
    color: { type: 'linear', domain: [0, most || 1], scheme: 'blues' },
    marks: [
      plot.cell(cells, { ...place, fill: 'value' }),
      plot.text(cells, {
        ...place,
        text: 'text',
        fill: (cell: { value: number }) => (cell.value > most * 0.6 ? 'white' : 'black'),
      }),
    ],
  });
  return figure(who, [panel], options);
}

function countsOf(truth: readonly number[], guesses: readonly number[], classes: number): number[][] {
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (const [at, label] of truth.entries()) itemAt(counts, label)[itemAt(guesses, at)]! += 1;
  return counts;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

/** Counts as shares; of a class that never came 0. */
function shares(counts: readonly (readonly number[])[], normalize: string | null): number[][] {
  const rows = counts.map(sum);
  const columns = counts.map((_, p) => sum(counts.map((row) => itemAt(row, p))));
  const of = (t: number, p: number): number => {
    if (normalize === null) return 1;
    return normalize === 'true' ? itemAt(rows, t) : normalize === 'pred' ? itemAt(columns, p) : sum(rows);
  };
  return counts.map((row, t) => row.map((count, p) => count / (of(t, p) || 1)));
}
