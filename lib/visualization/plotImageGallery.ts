import { type OptionNames, expected, integer, positive } from '../base/checks.js';
import { itemAt } from '../base/list.js';
import { pngAddress } from '../base/picture.js';
import type { ArrayData } from '../data/batches.js';
import { type Pixels, type ValueRange, imageAt, pixelsOf, valueRangeOf } from '../data/pixels.js';
import { plainArray } from '../data/plainArrays.js';
import type { DataFormat } from '../ops/window.js';
import {
  type Caption,
  type FigureOptions,
  type Legend,
  type Panel,
  captioned,
  checkFigure,
  figure,
  figureNames,
} from './figure.js';

/** The names of classes by their numbers. */
export type LabelMap = Readonly<Record<number, string>> | readonly string[];

/** How the images of a gallery are shown. */
export interface ShownImageOptions extends FigureOptions {
  /** The smallest and the largest number of the images: black and white. Default [0, 255]. */
  valueRange?: ValueRange;
  /** The side of an image in inches of 72 units, its longer one. Default 1.5. */
  scale?: number;
  /** Where the images' channels are. Default `channelsLast`. */
  dataFormat?: DataFormat;
}

/** How a gallery is laid out. */
export interface GalleryOptions extends ShownImageOptions {
  /** How many rows it has. Default: as many as `cols` needs, or the rounded root of the number of images. */
  rows?: number;
  /** How many columns it has. Default: as many as `rows` needs. */
  cols?: number;
}

/** What `visualization.plotImageGallery` takes. */
export interface PlotImageGalleryOptions extends GalleryOptions {
  /** The true class of each image, [images]. */
  yTrue?: ArrayData;
  /** The predicted class of each image, [images], or a number for each class, [images, classes]: the largest one counts. */
  yPred?: ArrayData;
  /** The names of the classes. Default: their numbers. */
  labelMap?: LabelMap;
}

/** @internal */
export const shownImageNames = {
  ...figureNames,
  valueRange: 'optional',
  scale: 'optional',
  dataFormat: 'optional',
} satisfies OptionNames<ShownImageOptions>;
/** @internal */
export const galleryNames = {
  ...shownImageNames,
  rows: 'optional',
  cols: 'optional',
} satisfies OptionNames<GalleryOptions>;
const names = {
  ...galleryNames,
  yTrue: 'optional',
  yPred: 'optional',
  labelMap: 'optional',
} satisfies OptionNames<PlotImageGalleryOptions>;

const UNITS_AN_INCH = 72;
const SCALE = 1.5;
const RIGHT = '#007a4d';
const WRONG = '#b3261e';

/**
 * Images in rows and columns, each with its class and what was predicted, green where it is right and red where it is wrong. Needs the
 * package `sharp`. https://keras.io/api/visualization/
 *
 * @param images [images, height, width, channels] with 1, 3 or 4 channels.
 * @returns The picture in SVG. Small images are not smoothed.
 * @throws EngineError `SHAPE` for what is no images, or classes that are not one an image; `ARGUMENT` for options out of their range;
 *   `STATE` where the package is missing; `IO` where the file cannot be written.
 * @example await visualization.plotImageGallery(ones([4, 8, 8, 1]), { valueRange: [0, 1], yTrue: [0, 1, 1, 0], cols: 4 });
 */
export async function plotImageGallery(
  images: ArrayData,
  options: PlotImageGalleryOptions = {},
): Promise<string> {
  const who = 'plotImageGallery';
  checkGallery(who, options, names);
  const { yTrue, yPred, labelMap } = options;
  const pixels = await pixelsOf(who, images, valueRangeOf(who, options.valueRange), options.dataFormat);
  const truth = yTrue === undefined ? [] : await classesOf(who, 'yTrue', yTrue, pixels.count);
  const guesses = yPred === undefined ? [] : await classesOf(who, 'yPred', yPred, pixels.count);
  const nameOf = (label: number) => labelMap?.[label] ?? String(label);
  const captions = Array.from({ length: pixels.count }, (_, n): Caption => {
    const [label, guess] = [truth[n], guesses[n]];
    const shown = [label, guess].filter((one) => one !== undefined);
    // What was right needs to be said once.
    const text = [...new Set(shown)].map(nameOf).join(' → ');
    if (label === undefined || guess === undefined) return { text, color: 'black' };
    return { text, color: label === guess ? RIGHT : WRONG };
  });
  return gallery(who, pixels, options, { captions: shownCaptions(captions) });
}

const shownCaptions = (captions: readonly Caption[]) =>
  captions.some(({ text }) => text !== '') ? captions : undefined;

/** @internal */
export interface GalleryContents {
  readonly captions?: readonly Caption[] | undefined;
  readonly legend?: Legend | undefined;
  /** SVG over each image, in its pixels. */
  readonly overlays?: readonly string[] | undefined;
}

/** @throws EngineError `ARGUMENT` for options that are unknown or out of their range. @internal */
export function checkGallery(who: string, options: GalleryOptions, names: object): void {
  checkFigure(who, options, names);
  if (options.rows !== undefined) integer(who, 'rows', options.rows);
  if (options.cols !== undefined) integer(who, 'cols', options.cols);
  positive(who, 'scale', options.scale ?? SCALE);
  valueRangeOf(who, options.valueRange);
}

/** The columns of a gallery of so many images. */
function columnsOf(who: string, count: number, { rows, cols }: GalleryOptions): number {
  const columns = cols ?? Math.ceil(count / (rows ?? Math.round(Math.sqrt(count))));
  if (rows !== undefined && rows * columns < count)
    throw expected(who, `rows × cols of at least ${count}, the number of images`, [rows, columns]);
  return columns;
}

/** The picture of images. @internal */
export async function gallery(
  who: string,
  pixels: Pixels,
  options: GalleryOptions,
  { captions, legend, overlays }: GalleryContents = {},
): Promise<string> {
  const columns = columnsOf(who, pixels.count, options);
  const [height, width] = pixels.size;
  const factor = ((options.scale ?? SCALE) * UNITS_AN_INCH) / Math.max(height, width);
  const panels: Panel[] = [];
  for (let n = 0; n < pixels.count; n++)
    panels.push(await imagePanel(who, imageAt(pixels, n), pixels.size, factor, overlays?.[n]));
  const shown = captions === undefined ? panels : captioned(panels, captions);
  return figure(who, shown, options, { columns, gap: 6, ...(legend !== undefined && { legend }) });
}

/** An image as a panel, `factor` units a pixel, with a drawing in its pixels over it. @internal */
export async function imagePanel(
  who: string,
  data: Uint8Array,
  size: readonly [number, number, number],
  factor: number,
  overlay = '',
): Promise<Panel> {
  const [width, height] = [size[1] * factor, size[0] * factor];
  const address = await pngAddress(who, data, size);
  const svg =
    `<svg width="${width}" height="${height}" viewBox="0 0 ${size[1]} ${size[0]}">` +
    `<image width="${size[1]}" height="${size[0]}" href="${address}" image-rendering="pixelated" ` +
    `style="image-rendering:pixelated"/>${overlay}</svg>`;
  return { svg, width, height };
}

/** One class an image: the numbers themselves, or where the largest number of a row is. @internal */
export async function classesOf(
  who: string,
  name: string,
  given: ArrayData,
  count?: number,
): Promise<number[]> {
  const { data, shape } = await plainArray(given);
  const [length = 0, width = 1] = shape;
  const fits = shape.length === 1 || (shape.length === 2 && width > 0);
  if (!fits || (count !== undefined && length !== count))
    throw expected(
      who,
      `${name} of shape [${count ?? 'samples'}] or [${count ?? 'samples'}, classes]`,
      [...shape],
      'SHAPE',
    );
  return Array.from({ length }, (_, row) => {
    if (width === 1) return itemAt(data, row);
    let best = 0;
    for (let k = 1; k < width; k++)
      if (itemAt(data, row * width + k) > itemAt(data, row * width + best)) best = k;
    return best;
  });
}
