import { type OptionNames, boolean } from '../base/checks.js';
import { itemAt } from '../base/list.js';
import type { ArrayData } from '../data/batches.js';
import { pixelsOf, valueRangeOf } from '../data/pixels.js';
import type { BoundingBoxFormat } from '../utils/boundingBoxes/index.js';
import { type Color, colorText } from './colors.js';
import { type BoxOptions, type ImageBoxes, boxNames, boxOverlays } from './drawBoundingBoxes.js';
import {
  type GalleryOptions,
  type LabelMap,
  checkGallery,
  gallery,
  galleryNames,
} from './plotImageGallery.js';

/** What `visualization.plotBoundingBoxGallery` takes. */
export interface PlotBoundingBoxGalleryOptions extends GalleryOptions, BoxOptions {
  /** The true boxes. Default: none. */
  yTrue?: ImageBoxes;
  /** The predicted boxes. Default: none. */
  yPred?: ImageBoxes;
  /** Of the true boxes. Default [0, 188, 212]. */
  trueColor?: Color;
  /** Of the predicted boxes. Default [255, 235, 59]. */
  predColor?: Color;
  /** The names of the classes. Default: none. */
  classMapping?: LabelMap;
  /** The names of the classes of true boxes. Default: `classMapping`. */
  groundTruthMapping?: LabelMap;
  /** The names of the classes of predicted boxes. Default: `classMapping`. */
  predictionMapping?: LabelMap;
  /** Whether it says which colour stands for what. Default false. */
  legend?: boolean;
}

const names = {
  ...galleryNames,
  ...boxNames,
  yTrue: 'optional',
  yPred: 'optional',
  trueColor: 'optional',
  predColor: 'optional',
  classMapping: 'optional',
  groundTruthMapping: 'optional',
  predictionMapping: 'optional',
  legend: 'boolean',
} satisfies OptionNames<PlotBoundingBoxGalleryOptions>;

/**
 * Images in rows and columns with their true and predicted boxes. Needs the package `sharp`. https://keras.io/api/visualization/
 *
 * @param images [images, height, width, channels] with 1, 3 or 4 channels.
 * @param boundingBoxFormat What the four numbers of a box are.
 * @returns The picture in SVG.
 * @throws EngineError as {@link drawBoundingBoxes} and {@link plotImageGallery}.
 * @example
 *     const yTrue = { boxes: [[[1, 1, 6, 6]]], labels: [[0]] };
 *     await visualization.plotBoundingBoxGallery(zeros([1, 8, 8, 3]), 'xyxy', { yTrue, lineThickness: 0.5, legend: true });
 */
export async function plotBoundingBoxGallery(
  images: ArrayData,
  boundingBoxFormat: BoundingBoxFormat,
  options: PlotBoundingBoxGalleryOptions = {},
): Promise<string> {
  const who = 'plotBoundingBoxGallery';
  checkGallery(who, options, names);
  const {
    yTrue,
    yPred,
    trueColor = [0, 188, 212],
    predColor = [255, 235, 59],
    classMapping = {},
    groundTruthMapping = classMapping,
    predictionMapping = classMapping,
    legend = false,
    lineThickness = 2,
    fontScale = 1,
  } = options;
  boolean(who, 'legend', legend);
  const pixels = await pixelsOf(who, images, valueRangeOf(who, options.valueRange), options.dataFormat);
  const drawings: string[][] = [];
  for (const [boxes, color, labels, below] of [
    [yTrue, trueColor, groundTruthMapping, false],
    // Where both are there, names of boxes that agree would cover each other.
    [yPred, predColor, predictionMapping, yTrue !== undefined],
  ] as const) {
    if (boxes === undefined) continue;
    const shown = { names: labels, color, below, lineThickness, fontScale };
    drawings.push(await boxOverlays(who, pixels, boxes, boundingBoxFormat, shown));
  }
  const overlays = Array.from({ length: pixels.count }, (_, n) =>
    drawings.map((one) => itemAt(one, n)).join(''),
  );
  const key = new Map([
    ['truth', colorText(who, 'trueColor', trueColor)],
    ['prediction', colorText(who, 'predColor', predColor)],
  ]);
  return gallery(who, pixels, options, { overlays, legend: legend ? key : undefined });
}
