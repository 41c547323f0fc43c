import type { OptionNames } from '../base/checks.js';
import type { ArrayData } from '../data/batches.js';
import { imageAt, inColor, pixelsOf, valueRangeOf } from '../data/pixels.js';
import { type MaskOptions, maskNames, masked } from './drawSegmentationMasks.js';
import { type ShownImageOptions, checkGallery, gallery, shownImageNames } from './plotImageGallery.js';

/** What `visualization.plotSegmentationMaskGallery` takes. */
export interface PlotSegmentationMaskGalleryOptions extends MaskOptions, ShownImageOptions {
  /** The true classes of the pixels, whole numbers [images, height, width] or [images, height, width, 1]. */
  yTrue?: ArrayData;
  /** The predicted classes, in the same shape. */
  yPred?: ArrayData;
}

const names = {
  ...shownImageNames,
  ...maskNames,
  yTrue: 'optional',
  yPred: 'optional',
} satisfies OptionNames<PlotSegmentationMaskGalleryOptions>;

/**
 * Images, a row each, with the true and the predicted classes of their pixels in colours over them. Needs the package `sharp`.
 * https://keras.io/api/visualization/
 *
 * @param images [images, height, width, channels] with 1, 3 or 4 channels.
 * @returns The picture in SVG.
 * @throws EngineError as {@link drawSegmentationMasks} and {@link plotImageGallery}.
 * @example await visualization.plotSegmentationMaskGallery(zeros([1, 2, 2, 1]), { yTrue: [[[0, 1], [1, 1]]], yPred: [[[0, 1], [1, 0]]] });
 */
export async function plotSegmentationMaskGallery(
  images: ArrayData,
  options: PlotSegmentationMaskGalleryOptions = {},
): Promise<string> {
  const who = 'plotSegmentationMaskGallery';
  checkGallery(who, options, names);
  const { yTrue, yPred } = options;
  const pixels = await pixelsOf(who, images, valueRangeOf(who, options.valueRange), options.dataFormat);
  const columns = [{ text: 'image', shown: inColor(pixels) }];
  if (yTrue !== undefined) columns.push({ text: 'truth', shown: await masked(who, pixels, yTrue, options) });
  if (yPred !== undefined)
    columns.push({ text: 'prediction', shown: await masked(who, pixels, yPred, options) });
  const { size } = columns[0]!.shown;
  const data = new Uint8Array(columns.length * columns[0]!.shown.data.length);
  const length = size[0] * size[1] * size[2];
  for (let n = 0; n < pixels.count; n++)
    for (const [c, { shown }] of columns.entries())
      data.set(imageAt(shown, n), (n * columns.length + c) * length);
  const captions = Array.from({ length: pixels.count * columns.length }, (_, at) => ({
    text: at < columns.length ? columns[at]!.text : '',
  }));
  const all = { data, size, count: pixels.count * columns.length };
  return gallery(who, all, { ...options, cols: columns.length }, { captions });
}
