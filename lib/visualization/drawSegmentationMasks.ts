import {
  type OptionNames,
  expected,
  integer,
  isPlainObject,
  knownOptions,
  wrongShape,
} from '../base/checks.js';
import { highestOf, itemAt } from '../base/list.js';
import { NDArray } from '../core/ndarray.js';
import type { ArrayData } from '../data/batches.js';
import { type Pixels, inColor, pixelsOf, valueRangeOf } from '../data/pixels.js';
import { type PlainArray, plainArray } from '../data/plainArrays.js';
import type { DataFormat } from '../ops/window.js';
import { type Color, checkedColor } from './colors.js';

/** How masks are coloured. */
export interface MaskOptions {
  /** The number of classes, with the background. Default: the largest number of the masks and 1. */
  numClasses?: number;
  /** The colours of the classes by their numbers. Default: one that is easily told apart for each class from 1; 0 is the background and stays as it is. */
  colorMapping?: Readonly<Record<number, Color>>;
  /** How much of the colour is seen, 0 to 1. Default 0.8. */
  alpha?: number;
  /** Whether colours are mixed with the image; if not, they cover it. Default true. */
  blend?: boolean;
  /** The class whose pixels stay as they are. Default -1. */
  ignoreIndex?: number;
}

/** What `visualization.drawSegmentationMasks` takes. */
export interface DrawSegmentationMasksOptions extends MaskOptions {
  /** Where the images' channels are. Default `channelsLast`. */
  dataFormat?: DataFormat;
}

/** @internal */
export const maskNames = {
  numClasses: 'optional',
  colorMapping: 'optional',
  alpha: 'optional',
  blend: 'boolean',
  ignoreIndex: 'optional',
} satisfies OptionNames<MaskOptions>;
const names = { ...maskNames, dataFormat: 'optional' } satisfies OptionNames<DrawSegmentationMasksOptions>;

// Okabe and Ito's colours; more classes than these repeat them.
const PALETTE: readonly Color[] = [
  [230, 159, 0],
  [86, 180, 233],
  [0, 158, 115],
  [240, 228, 66],
  [0, 114, 178],
  [213, 94, 0],
  [204, 121, 167],
];

/**
 * Images with the classes of their pixels in colours over them. https://keras.io/api/visualization/
 *
 * @param images [images, height, width, channels] with 1, 3 or 4 channels, numbers from 0 to 255.
 * @param segmentationMasks The class of each pixel, whole numbers [images, height, width] or [images, height, width, 1].
 * @returns uint8 [images, height, width, 3].
 * @throws EngineError `SHAPE` where images and masks disagree; `ARGUMENT` for classes that are no whole numbers, a class without a colour, and options out
 *   of their range.
 * @example await visualization.drawSegmentationMasks(zeros([1, 2, 2, 3]), [[[0, 1], [1, 2]]], { alpha: 1 });
 */
export async function drawSegmentationMasks(
  images: ArrayData,
  segmentationMasks: ArrayData,
  options: DrawSegmentationMasksOptions = {},
): Promise<NDArray> {
  const who = 'drawSegmentationMasks';
  knownOptions(who, options, names);
  const pixels = await pixelsOf(who, images, valueRangeOf(who), options.dataFormat);
  const { data, size, count } = await masked(who, pixels, segmentationMasks, options);
  return new NDArray(data, [count, ...size]);
}

/** Images in colour with their masks over them. @internal */
export async function masked(
  who: string,
  pixels: Pixels,
  masks: ArrayData,
  options: MaskOptions,
): Promise<Pixels> {
  const { alpha = 0.8, blend = true, ignoreIndex = -1 } = options;
  if (!(alpha >= 0 && alpha <= 1)) throw expected(who, 'alpha from 0 to 1', alpha);
  integer(who, 'ignoreIndex', ignoreIndex, -Infinity);
  const classes = classesOf(who, await plainArray(masks), pixels);
  const largest = highestOf(classes);
  const numClasses = integer(who, 'numClasses', options.numClasses ?? largest + 1);
  if (largest >= numClasses) throw expected(who, `classes below ${numClasses}, the numClasses`, largest);
  const colors = Array.from({ length: numClasses }, (_, label) => colorOf(who, label, options.colorMapping));
  const { data, size, count } = inColor(pixels);
  const share = blend ? alpha : 1;
  for (const [pixel, label] of classes.entries()) {
    const color = label === ignoreIndex || label < 0 ? undefined : colors[label];
    if (color === undefined) continue;
    for (let c = 0; c < 3; c++) {
      const at = pixel * 3 + c;
      // In float32, and what follows the point is cut off, as Keras does.
      const [rest, part] = [
        Math.fround(itemAt(data, at) * Math.fround(1 - share)),
        Math.fround(itemAt(color, c) * Math.fround(share)),
      ];
      data[at] = Math.trunc(Math.fround(rest + part));
    }
  }
  return { data, size, count };
}

function classesOf(who: string, { data, shape }: PlainArray, { size, count }: Pixels): Int32Array {
  const wanted = [count, size[0], size[1]];
  const fits = shape.length === 3 || (shape.length === 4 && shape[3] === 1);
  if (!fits || wanted.some((n, axis) => n !== shape[axis]))
    throw wrongShape(who, `masks [${wanted.join(', ')}] or [${wanted.join(', ')}, 1]`, shape);
  return Int32Array.from(data, (n) => {
    if (!Number.isInteger(n)) throw expected(who, 'masks of whole numbers, the classes', n);
    return n;
  });
}

function colorOf(who: string, label: number, mapping: MaskOptions['colorMapping']): Color | undefined {
  if (mapping === undefined) return label === 0 ? undefined : PALETTE[(label - 1) % PALETTE.length];
  const color: unknown = isPlainObject(mapping) ? mapping[label] : undefined;
  if (color === undefined && label === 0) return undefined;
  return checkedColor(who, `colorMapping of class ${label}`, color);
}
