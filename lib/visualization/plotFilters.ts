import { type OptionNames, expected, integer, wrongShape } from '../base/checks.js';
import { atLeast, itemAt } from '../base/list.js';
import { plainArray } from '../data/plainArrays.js';
import { Layer } from '../layers/layer.js';
import { type FigureOptions, type Panel, checkFigure, figure, figureNames } from './figure.js';
import { imagePanel } from './plotImageGallery.js';

/** What `visualization.plotFilters` takes. */
export interface PlotFiltersOptions extends FigureOptions {
  /** How many filters are shown at most. Default 64. */
  limit?: number;
}

const names = { ...figureNames, limit: 'optional' } satisfies OptionNames<PlotFiltersOptions>;
const SIDE = 40;
const COLUMNS = 16;
const GRAY = 128;

/**
 * The filters of a convolution: what it looks for. Each has its own contrast, with 0 in gray; of three input channels in colours, else of
 * the first one. Needs the package `sharp`.
 *
 * @param layer A built layer whose kernel is [height, width, inputs, filters], or [length, inputs, filters].
 * @returns The picture in SVG.
 * @throws EngineError `STATE` for a layer that is not built, or where the package is missing; `SHAPE` for another kernel; `ARGUMENT` for
 *   what is no layer, and options out of their range; `IO` where the file cannot be written.
 * @example
 *     const layer = layers.conv2d({ filters: 8, kernelSize: 3 });
 *     layer.build([-1, 28, 28, 1]);
 *     await visualization.plotFilters(layer);
 */
export async function plotFilters(layer: Layer, options: PlotFiltersOptions = {}): Promise<string> {
  const who = 'plotFilters';
  checkFigure(who, options, names);
  const limit = integer(who, 'limit', options.limit ?? 64);
  if (!((layer as unknown) instanceof Layer)) throw expected(who, 'a layer', layer);
  const [kernel] = layer.weights;
  if (kernel === undefined) throw expected(who, 'a built layer with a kernel', layer.name, 'STATE');
  const { data, shape } = await plainArray(kernel.value());
  if (shape.length !== 3 && shape.length !== 4)
    throw wrongShape(who, 'a kernel [height, width, inputs, filters]', shape);
  const [height, width, inputs, filters] = atLeast(shape.length === 3 ? [1, ...shape] : shape, 4);
  const channels = inputs === 3 ? 3 : 1;
  const panels: Panel[] = [];
  for (let f = 0; f < Math.min(filters, limit); f++) {
    const weights = Float64Array.from({ length: height * width * channels }, (_, i) =>
      itemAt(data, (Math.floor(i / channels) * inputs + (i % channels)) * filters + f),
    );
    const most = weights.reduce((a, n) => Math.max(a, Math.abs(n)), 0) || 1;
    const bytes = Uint8Array.from(weights, (n) => Math.round(GRAY + (n / most) * (GRAY - 1)));
    panels.push(await imagePanel(who, bytes, [height, width, channels], SIDE / Math.max(height, width)));
  }
  return figure(who, panels, options, { columns: COLUMNS, gap: 4 });
}
