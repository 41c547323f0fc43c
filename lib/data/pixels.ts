import { expected, oneOf, wrongShape } from '../base/checks.js';
import { atLeast, itemAt } from '../base/list.js';
import { type ArrayData } from './batches.js';
import { plainArray } from './plainArrays.js';
import type { DataFormat } from '../ops/window.js';

/** Images in bytes, channels last: 1 (gray), 3 or 4 channels. @internal */
export interface Pixels {
  readonly data: Uint8Array;
  /** [height, width, channels] of one. */
  readonly size: readonly [height: number, width: number, channels: number];
  readonly count: number;
}

/** The smallest and the largest number that images have. */
export type ValueRange = readonly [low: number, high: number];

const FORMATS = ['channelsLast', 'channelsFirst'] as const;

/** A range of numbers that was given. @internal */
export function valueRangeOf(who: string, range: unknown = [0, 255]): ValueRange {
  const [low, high] = Array.isArray(range) && range.length === 2 ? (range as number[]) : [NaN, NaN];
  if (!(Number.isFinite(low) && Number.isFinite(high) && low! < high!))
    throw expected(who, 'two numbers, the smaller one first, as valueRange', range);
  return [low!, high!];
}

/** Images [images, height, width, channels] in bytes: `range` becomes 0 to 255, what is beyond is cut off. @internal */
export async function pixelsOf(
  who: string,
  images: ArrayData,
  [low, high]: ValueRange,
  dataFormat: DataFormat = 'channelsLast',
): Promise<Pixels> {
  oneOf(who, 'dataFormat', dataFormat, FORMATS);
  const { data, shape } = await plainArray(images);
  if (shape.length !== 4) throw wrongShape(who, 'images [images, height, width, channels]', shape);
  const [count, ...sizes] = atLeast(shape, 4);
  const isFirst = dataFormat === 'channelsFirst';
  const [height, width, channels] = isFirst ? [sizes[1], sizes[2], sizes[0]] : sizes;
  if (![1, 3, 4].includes(channels) || count * height * width === 0)
    throw wrongShape(who, 'at least one image of 1, 3 or 4 channels', shape);
  const bytes = new Uint8Array(data.length);
  const plane = height * width;
  for (let i = 0; i < bytes.length; i++) {
    const pixel = Math.floor(i / channels);
    const [image, at] = [Math.floor(pixel / plane), pixel % plane];
    const from = isFirst ? (image * channels + (i % channels)) * plane + at : i;
    bytes[i] = Math.min(Math.max(Math.round(((itemAt(data, from) - low) / (high - low)) * 255), 0), 255);
  }
  return { data: bytes, size: [height, width, channels], count };
}

/** One of the images, in the same memory. @internal */
export function imageAt({ data, size }: Pixels, index: number): Uint8Array {
  const length = size[0] * size[1] * size[2];
  return data.subarray(index * length, (index + 1) * length);
}

/** The same images with red, green and blue, in memory of their own. @internal */
export function inColor({ data, size: [height, width, channels], count }: Pixels): Pixels {
  const bytes = new Uint8Array(count * height * width * 3);
  for (let pixel = 0; pixel < count * height * width; pixel++)
    for (let c = 0; c < 3; c++)
      bytes[pixel * 3 + c] = itemAt(data, pixel * channels + (channels === 1 ? 0 : c));
  return { data: bytes, size: [height, width, 3], count };
}
