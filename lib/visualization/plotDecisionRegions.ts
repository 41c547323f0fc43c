import { type OptionNames, expected, integer, wrongShape } from '../base/checks.js';
import { extentOf, itemAt } from '../base/list.js';
import { pngAddress } from '../base/picture.js';
import { NDArray } from '../core/ndarray.js';
import type { ArrayData } from '../data/batches.js';
import { plainArray } from '../data/plainArrays.js';
import {
  type FigureOptions,
  checkFigure,
  colorOf,
  figure,
  figureNames,
  legendOf,
  loadPlot,
} from './figure.js';
import { classesOf } from './plotImageGallery.js';
import type { Interval } from './plotSurface.js';

/** What tells the class of points: a model, or anything with `predict`. */
export interface Classifier {
  /** For points [points, 2] the probability of class 1, [points] or [points, 1], or a number for each class, [points, classes]. */
  predict(x: NDArray): ArrayData | Promise<ArrayData>;
}

/** What `visualization.plotDecisionRegions` takes. */
export interface PlotDecisionRegionsOptions extends FigureOptions {
  /** The names of the classes, from 0. Default: their numbers. */
  displayLabels?: readonly string[];
  /** The name of the horizontal axis. Default `x₁`. */
  xLabel?: string;
  /** The name of the vertical axis. Default `x₂`. */
  yLabel?: string;
  /** How many points each axis has at which the model is asked. Default 120. */
  gridResolution?: number;
}

const names = {
  ...figureNames,
  displayLabels: 'optional',
  xLabel: 'string',
  yLabel: 'string',
  gridResolution: 'optional',
} satisfies OptionNames<PlotDecisionRegionsOptions>;
// Of the range of the points, on each side.
const MARGIN = 0.08;
// How strongly regions are coloured: points are seen over them.
const TINT = 0.35;

/**
 * Which class a model gives to each point of the plane, and samples over it. Drawn by `@observablehq/plot`, `linkedom` and `sharp`.
 * https://scikit-learn.org/stable/modules/generated/sklearn.inspection.DecisionBoundaryDisplay.html
 *
 * @param model What predicts.
 * @param x The samples, [samples, 2].
 * @param y Their classes, whole numbers from 0, [samples], or a number for each class, [samples, classes].
 * @returns The picture in SVG.
 * @throws EngineError `SHAPE` for samples of other than two numbers; `ARGUMENT` for classes that are no whole numbers from 0, and options out of their
 *   range; `STATE` where a package is missing; `IO` where the file cannot be written.
 * @example await visualization.plotDecisionRegions({ predict: (x) => ops.max(x, { axis: 1 }) }, [[0, 0], [1, 1]], [0, 1], { gridResolution: 2 });
 */
export async function plotDecisionRegions(
  model: Classifier,
  x: ArrayData,
  y: ArrayData,
  options: PlotDecisionRegionsOptions = {},
): Promise<string> {
  const who = 'plotDecisionRegions';
  checkFigure(who, options, names);
  const side = integer(who, 'gridResolution', options.gridResolution ?? 120, 2);
  const { data, shape } = await plainArray(x);
  if (shape.length !== 2 || shape[1] !== 2 || shape[0] === 0)
    throw wrongShape(who, 'samples [samples, 2]', shape);
  const classes = await classesOf(who, 'y', y, shape[0]);
  const points = classes.map((label, n) => ({ x: itemAt(data, 2 * n), y: itemAt(data, 2 * n + 1), label }));
  const axes = [rangeOf(points.map((point) => point.x)), rangeOf(points.map((point) => point.y))] as const;
  const regions = await regionsOf(who, model, side, axes);
  const all = [...new Set([...classes, ...regions])].sort((a, b) => a - b);
  if (all.some((label) => !Number.isInteger(label) || label < 0))
    throw expected(who, 'classes, whole numbers from 0', all.slice(0, 10));
  const labels = all.map((label) => options.displayLabels?.[label] ?? String(label));
  const colors = new Map(all.map((label, n) => [label, colorOf(n)]));
  const { plot, draw } = await loadPlot(who);
  const [width, height] = [460, 420];
  const inset = { left: 40, right: 15, top: 20, bottom: 35 };
  const panel = draw({
    width,
    height,
    marginLeft: inset.left,
    marginRight: inset.right,
    marginTop: inset.top,
    marginBottom: inset.bottom,
    x: { domain: axes[0], label: options.xLabel ?? 'x₁' },
    y: { domain: axes[1], label: options.yLabel ?? 'x₂' },
    marks: [
      plot.image([0], {
        frameAnchor: 'middle',
        src: await tinted(who, regions, colors, side),
        width: width - inset.left - inset.right,
        height: height - inset.top - inset.bottom,
        preserveAspectRatio: 'none',
      }),
      plot.dot(points, {
        x: 'x',
        y: 'y',
        r: 3,
        fill: ({ label }: { label: number }) => colors.get(label),
        stroke: 'white',
        strokeWidth: 0.8,
      }),
    ],
  });
  return figure(who, [panel], options, { legend: legendOf(labels) });
}

function rangeOf(numbers: readonly number[]): Interval {
  const [low, high] = extentOf(numbers);
  const margin = (high - low || 1) * MARGIN;
  return [low - margin, high + margin];
}

/** The class at the middle of each cell, from the top left one, row by row. */
async function regionsOf(
  who: string,
  model: Classifier,
  side: number,
  [[left, right], [bottom, top]]: readonly [across: Interval, up: Interval],
): Promise<number[]> {
  const grid = new Float32Array(side * side * 2);
  for (let row = 0; row < side; row++)
    for (let column = 0; column < side; column++) {
      const at = 2 * (row * side + column);
      grid[at] = left + ((column + 0.5) / side) * (right - left);
      grid[at + 1] = top - ((row + 0.5) / side) * (top - bottom);
    }
  const given = await model.predict(new NDArray(grid, [side * side, 2]));
  const { data, shape } = await plainArray(given);
  if (data.length !== side * side) return classesOf(who, 'predictions', given, side * side);
  if (shape[0] !== side * side) throw wrongShape(who, `predictions [${side * side}, …]`, shape);
  return Array.from(data, (n) => (n > 0.5 ? 1 : 0));
}

function tinted(
  who: string,
  regions: readonly number[],
  colors: ReadonlyMap<number, string>,
  side: number,
): Promise<string> {
  const bytes = new Uint8Array(regions.length * 3);
  for (const [pixel, label] of regions.entries()) {
    const color = parseInt(colors.get(label)!.slice(1), 16);
    for (let c = 0; c < 3; c++) {
      const level = (color >> (16 - 8 * c)) & 255;
      bytes[pixel * 3 + c] = Math.round(255 + (level - 255) * TINT);
    }
  }
  return pngAddress(who, bytes, [side, side, 3]);
}
