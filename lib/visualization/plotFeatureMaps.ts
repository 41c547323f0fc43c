import { type OptionNames, checkList, expected, integer, oneOf, wrongShape } from '../base/checks.js';
import { atLeast, extentOf, itemAt, listOf } from '../base/list.js';
import { NDArray } from '../core/ndarray.js';
import type { KerasTensor } from '../core/kerasTensor.js';
import type { ArrayData } from '../data/batches.js';
import { type PlainArray, plainArray } from '../data/plainArrays.js';
import { InputLayer } from '../layers/input.js';
import { Model } from '../models/model.js';
import type { OutputStructure } from '../models/structure.js';
import {
  type FigureOptions,
  type Panel,
  captioned,
  checkFigure,
  figure,
  figureNames,
  inRows,
} from './figure.js';
import { imagePanel } from './plotImageGallery.js';

/** What `visualization.plotFeatureMaps` takes. */
export interface PlotFeatureMapsOptions extends FigureOptions {
  /** The names of the layers that are shown. Default: all that give one output and are used once. */
  layers?: readonly string[];
  /** How many channels of a layer are shown at most. Default 16. */
  limit?: number;
}

const names = {
  ...figureNames,
  layers: 'optional',
  limit: 'optional',
} satisfies OptionNames<PlotFeatureMapsOptions>;
const SIDE = 64;
const COLUMNS = 16;
// Of a row of numbers that are no image.
const ROW_HEIGHT = 16;
const MOST_NUMBERS = 1024;
const GAP = 4;

/**
 * What each layer makes of an image: its channels in gray, each with its own contrast from the smallest number in black to the largest in
 * white; outputs without height and width as one row of pixels. Needs the package `sharp`.
 *
 * @param model A model with a graph of layers and one input.
 * @param image [height, width, channels], or [1, height, width, channels], as the model takes it.
 * @returns The picture in SVG.
 * @throws EngineError `STATE` for a model without a graph, or where the package is missing; `SHAPE` for another image; `ARGUMENT` for what is no model, an
 *   unknown layer, and options out of their range; `IO` where the file cannot be written.
 * @example
 *     const net = new Sequential([layers.input({ shape: [8, 8, 1] }), layers.conv2d({ filters: 4, kernelSize: 3 })]);
 *     await visualization.plotFeatureMaps(net, ones([8, 8, 1]), { limit: 4 });
 */
export async function plotFeatureMaps(
  model: Model<OutputStructure>,
  image: ArrayData,
  options: PlotFeatureMapsOptions = {},
): Promise<string> {
  const who = 'plotFeatureMaps';
  checkFigure(who, options, names);
  const limit = integer(who, 'limit', options.limit ?? COLUMNS);
  if (!((model as unknown) instanceof Model)) throw expected(who, 'a model', model);
  const input = model.inputs[0];
  if (model.inputs.length !== 1 || input === undefined)
    throw expected(who, 'a model of one input', model.inputs.length);
  const shown = outputsOf(who, model, options.layers);
  const { data, shape } = await plainArray(image);
  const batch = shape.length === input.shape.length ? shape : [1, ...shape];
  if (batch.length !== input.shape.length || batch[0] !== 1) throw wrongShape(who, 'one image', shape);
  const viewer = new Model({ inputs: input, outputs: [...shown.values()] });
  // The input's dtype takes part in none of the numbers that are shown: data of other types is cast in the step.
  const outputs = listOf(await viewer.predict(new NDArray(Float32Array.from(data), batch)));
  const panels: Panel[] = [];
  for (const [n, name] of [...shown.keys()].entries()) {
    const maps = await mapsOf(who, await plainArray(itemAt(outputs, n)), limit);
    panels.push(...captioned([maps], [{ text: name }]));
  }
  return figure(who, panels, options, { columns: 1 });
}

/** What the layers put out, by their names. */
function outputsOf(
  who: string,
  model: Model<OutputStructure>,
  chosen: readonly string[] | undefined,
): ReadonlyMap<string, KerasTensor> {
  const outputs = new Map<string, KerasTensor>();
  for (const { operation, outputs: given } of model.graph.nodes)
    if (given.length === 1 && !(operation instanceof InputLayer) && !outputs.has(operation.name))
      outputs.set(operation.name, itemAt(given, 0));
  if (chosen === undefined) return outputs;
  checkList(who, 'names of layers', chosen);
  for (const name of chosen) oneOf(who, 'layers', name, [...outputs.keys()]);
  return new Map([...outputs].filter(([name]) => chosen.includes(name)));
}

/** The channels of an output, at most so many: images where it has height and width, else one row of numbers. */
async function mapsOf(who: string, { data, shape }: PlainArray, limit: number): Promise<Panel> {
  if (shape.length !== 4) {
    const width = Math.min(data.length, MOST_NUMBERS);
    const bytes = contrasted(width, (i) => itemAt(data, i));
    const row = await imagePanel(who, bytes, [1, width, 1], 1);
    return stretched(row, COLUMNS * (SIDE + GAP), ROW_HEIGHT);
  }
  const [, height, width, channels] = atLeast(shape, 4);
  const panels: Panel[] = [];
  for (let c = 0; c < Math.min(channels, limit); c++) {
    const bytes = contrasted(height * width, (i) => itemAt(data, i * channels + c));
    panels.push(await imagePanel(who, bytes, [height, width, 1], SIDE / Math.max(height, width)));
  }
  return inRows(panels, COLUMNS, GAP);
}

/** Numbers as bytes, the smallest 0 and the largest 255; what is not finite is 0. */
function contrasted(length: number, numberAt: (i: number) => number): Uint8Array {
  const numbers = Float64Array.from({ length }, (_, i) => numberAt(i));
  const [low, high] = extentOf(numbers);
  const range = high - low || 1;
  return Uint8Array.from(numbers, (n) => (Number.isFinite(n) ? Math.round(((n - low) / range) * 255) : 0));
}

/** A panel in another size. */
function stretched({ svg }: Panel, width: number, height: number): Panel {
  const resized = svg.replace(
    /^<svg width="[^"]*" height="[^"]*"/,
    `<svg width="${width}" height="${height}" preserveAspectRatio="none"`,
  );
  return { svg: resized, width, height };
}
