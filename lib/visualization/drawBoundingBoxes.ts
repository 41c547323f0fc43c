import {
  type OptionNames,
  expected,
  isPlainObject,
  knownOptions,
  positive,
  wrongShape,
} from '../base/checks.js';
import { itemAt } from '../base/list.js';
import { drawnOver, escapedText } from '../base/picture.js';
import { NDArray } from '../core/ndarray.js';
import type { ArrayData } from '../data/batches.js';
import { type Pixels, imageAt, inColor, pixelsOf, valueRangeOf } from '../data/pixels.js';
import { type PlainArray, plainArray } from '../data/plainArrays.js';
import type { DataFormat } from '../ops/window.js';
import { type BoundingBoxFormat, convertFormat } from '../utils/boundingBoxes/index.js';
import { type Color, colorText } from './colors.js';
import type { LabelMap } from './plotImageGallery.js';
import { textWidth } from './text.js';

/** The boxes of images. */
export interface ImageBoxes {
  /** [images, boxes, 4]. */
  readonly boxes: ArrayData;
  /** The class of each box, [images, boxes]; a box of class -1 is not drawn. */
  readonly labels: ArrayData;
  /** How sure a model is of each, [images, boxes]: stands after the name of the class. Default: none. */
  readonly confidences?: ArrayData;
}

/** How boxes are drawn. */
export interface BoxOptions {
  /** The width of lines in pixels of the image. Default 2. */
  lineThickness?: number;
  /** How large names are: 1 is 12 pixels of the image. Default 1. */
  fontScale?: number;
}

/** What `visualization.drawBoundingBoxes` takes. */
export interface DrawBoundingBoxesOptions extends BoxOptions {
  /** The names of the classes; a box whose class has none has no text. Default: none. */
  classMapping?: LabelMap;
  /** Of lines and names. Default [128, 128, 128]. */
  color?: Color;
  /** Where the images' channels are. Default `channelsLast`. */
  dataFormat?: DataFormat;
}

/** @internal */
export const boxNames = {
  lineThickness: 'optional',
  fontScale: 'optional',
} satisfies OptionNames<BoxOptions>;
const names = {
  ...boxNames,
  classMapping: 'optional',
  color: 'optional',
  dataFormat: 'optional',
} satisfies OptionNames<DrawBoundingBoxesOptions>;
const LETTER_HEIGHT = 12;

/**
 * Images with boxes and the names of their classes on them. Names need the package `sharp` and a font on the machine.
 * https://keras.io/api/visualization/
 *
 * @param images [images, height, width, channels] with 1, 3 or 4 channels, numbers from 0 to 255.
 * @param boundingBoxes Their boxes.
 * @param boundingBoxFormat What the four numbers of a box are.
 * @returns uint8 [images, height, width, 3].
 * @throws EngineError `SHAPE` where images, boxes, labels and confidences disagree; `ARGUMENT` for an unknown format, a wrong colour, and options out of their
 *   range; `STATE` where the package is missing.
 * @example await visualization.drawBoundingBoxes(zeros([1, 8, 8, 3]), { boxes: [[[1, 1, 6, 6]]], labels: [[0]] }, 'xyxy');
 */
export async function drawBoundingBoxes(
  images: ArrayData,
  boundingBoxes: ImageBoxes,
  boundingBoxFormat: BoundingBoxFormat,
  options: DrawBoundingBoxesOptions = {},
): Promise<NDArray> {
  const who = 'drawBoundingBoxes';
  knownOptions(who, options, names);
  const pixels = inColor(await pixelsOf(who, images, valueRangeOf(who), options.dataFormat));
  const { classMapping = {}, color = [128, 128, 128], ...shown } = options;
  const overlays = await boxOverlays(who, pixels, boundingBoxes, boundingBoxFormat, {
    ...shown,
    names: classMapping,
    color,
  });
  const [height, width] = pixels.size;
  const data = new Uint8Array(pixels.data.length);
  for (const [n, overlay] of overlays.entries()) {
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${overlay}</svg>`;
    data.set(await drawnOver(who, imageAt(pixels, n), pixels.size, svg), n * height * width * 3);
  }
  return new NDArray(data, [pixels.count, height, width, 3]);
}

/** The boxes of each image as SVG in its pixels. @internal */
export async function boxOverlays(
  who: string,
  { size, count }: Pixels,
  given: ImageBoxes,
  format: BoundingBoxFormat,
  {
    names,
    color,
    below = false,
    lineThickness = 2,
    fontScale = 1,
  }: BoxOptions & {
    readonly names: LabelMap;
    readonly color: Color;
    /** Whether names are below boxes, as others are above. Default false. */
    readonly below?: boolean;
  },
): Promise<string[]> {
  if (!isPlainObject(given) || given['boxes'] === undefined || given['labels'] === undefined)
    throw expected(who, 'boundingBoxes with boxes and labels', given);
  positive(who, 'lineThickness', lineThickness);
  positive(who, 'fontScale', fontScale);
  const [height, width] = size;
  const raw = await plainArray(given.boxes);
  if (raw.shape.length !== 3 || raw.shape[0] !== count || raw.shape[2] !== 4)
    throw wrongShape(who, `boxes [${count}, boxes, 4]`, raw.shape);
  const boxes = await plainArray(
    convertFormat(new NDArray(Float32Array.from(raw.data), raw.shape), format, 'xyxy', { height, width }),
  );
  const perImage = itemAt(raw.shape, 1);
  const labels = sameBoxes(who, 'labels', await plainArray(given.labels), [count, perImage]);
  const confidences =
    given.confidences === undefined
      ? undefined
      : sameBoxes(who, 'confidences', await plainArray(given.confidences), [count, perImage]);
  const ink = colorText(who, 'color', color);
  const letters = fontScale * LETTER_HEIGHT;
  return Array.from({ length: count }, (_, image) =>
    Array.from({ length: perImage }, (__, box) => {
      const at = image * perImage + box;
      const label = itemAt(labels, at);
      const [left, top, right, bottom] = [0, 1, 2, 3].map((k) => itemAt(boxes.data, at * 4 + k));
      if (label === -1 || ![left, top, right, bottom].every(Number.isFinite)) return '';
      const name = names[label];
      const sure = confidences === undefined ? '' : ` | ${itemAt(confidences, at).toFixed(2)}`;
      const text =
        name === undefined
          ? ''
          : nameText(name + sure, {
              x: left! + lineThickness,
              y: below
                ? lineBelow(bottom!, letters, height, lineThickness)
                : lineAbove(top!, letters, lineThickness),
              ...{ width, letters, ink },
            });
      return (
        `<rect x="${left}" y="${top}" width="${Math.max(right! - left!, 0)}" height="${Math.max(bottom! - top!, 0)}" ` +
        `fill="none" stroke="${ink}" stroke-width="${lineThickness}"/>${text}`
      );
    }).join(''),
  );
}

/** Where the line of a name above a box is; within the box where there is no room. */
const lineAbove = (top: number, letters: number, lineThickness: number): number =>
  top - letters / 3 > letters ? top - letters / 3 : top + letters + lineThickness;

/** The same below. */
const lineBelow = (bottom: number, letters: number, height: number, lineThickness: number): number =>
  bottom + letters < height ? bottom + letters : bottom - letters / 3 - lineThickness;

/** A name with a dark outline, so that it is read over anything, and not beyond the image. */
function nameText(
  name: string,
  at: { x: number; y: number; width: number; letters: number; ink: string },
): string {
  const x = Math.max(0, Math.min(at.x, at.width - textWidth(name, at.letters)));
  const outline = `stroke="black" stroke-opacity="0.7" stroke-width="${at.letters / 5}" stroke-linejoin="round" paint-order="stroke"`;
  return (
    `<text x="${x}" y="${at.y}" font-size="${at.letters}" font-family="sans-serif" fill="${at.ink}" ${outline}>` +
    `${escapedText(name)}</text>`
  );
}

function sameBoxes(who: string, name: string, { data, shape }: PlainArray, wanted: readonly number[]) {
  if (shape.length !== 2 || shape.some((n, axis) => n !== wanted[axis]))
    throw wrongShape(who, `${name} [${wanted.join(', ')}]`, shape);
  return data;
}
