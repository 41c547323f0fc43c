import {
  type OptionNames,
  boolean,
  expected,
  integers,
  knownOptions,
  oneOf,
  wrongShape,
} from '../base/checks.js';
import { atLeast, itemAt } from '../base/list.js';
import { loadPeer } from '../base/peer.js';
import type { DType } from '../engine/engine.js';
import { NDArray } from '../core/ndarray.js';
import { type Tensor, type TensorData, convert } from '../core/tensor.js';
import type { Variable } from '../core/variable.js';
import { readImage } from '../data/files/image.js';
import { writeWhole } from '../base/wholeFile.js';
import { withFile } from '../data/files/open.js';
import { convertToNumpy } from '../ops/creation.js';
import { type DataFormat, dataFormatOf } from '../ops/window.js';

/** An image in plain memory: uint8 [height, width, channels] with 1 (gray), 3 (red, green, blue) or 4 channels (and opacity). */
export type PlainImage = NDArray;

/** What `utils.imgToArray` takes. */
export interface ImgToArrayOptions {
  /** Where channels are in the result. Default `channelsLast`. */
  dataFormat?: DataFormat;
  /** Default float32. */
  dtype?: DType;
}

const toArrayNames = {
  dataFormat: 'optional',
  dtype: 'optional',
} satisfies OptionNames<ImgToArrayOptions>;

/** Numbers with their channels at the other end: of [h, w, c] to first, of [c, h, w] to last. */
function turned(
  data: ArrayLike<number>,
  [height, width, channels]: readonly [number, number, number],
  toFirst: boolean,
): Float64Array {
  const numbers = new Float64Array(data.length);
  for (let pixel = 0; pixel < height * width; pixel++)
    for (let c = 0; c < channels; c++) {
      const [last, first] = [pixel * channels + c, c * height * width + pixel];
      numbers[toFirst ? first : last] = itemAt(data, toFirst ? last : first);
    }
  return numbers;
}

/**
 * The numbers of an image. https://keras.io/api/data_loading/image/#imgtoarray-function
 *
 * @param img [height, width, channels], as {@link loadImg} gives, or [height, width].
 * @param options `dataFormat`: default `channelsLast`. `dtype`: default float32.
 * @returns [height, width, channels], or [channels, height, width].
 * @throws EngineError `SHAPE` for other ranks; `ARGUMENT`.
 */
export function imgToArray(
  img: PlainImage | Tensor | Variable | TensorData,
  options: ImgToArrayOptions = {},
): NDArray {
  knownOptions('imgToArray', options, toArrayNames);
  const { dtype = 'float32' } = options;
  const dataFormat = dataFormatOf('imgToArray', options.dataFormat);
  const { data, shape } = convertToNumpy(img);
  if (shape.length !== 2 && shape.length !== 3)
    throw wrongShape('imgToArray', 'an image [height, width, channels]', shape);
  const [height, width, channels] = atLeast([...shape, 1], 3);
  if (dataFormat === 'channelsLast')
    return new NDArray(convert(data, dtype), [height, width, channels], dtype);
  const planes = turned(data, [height, width, channels], true);
  return new NDArray(convert(planes, dtype), [channels, height, width], dtype);
}

/** What `utils.arrayToImg` takes. */
export interface ArrayToImgOptions {
  /** Where the channels of the numbers are. Default `channelsLast`. */
  dataFormat?: DataFormat;
  /** Whether the smallest number becomes 0 and the largest 255. Default true. */
  scale?: boolean;
}

const toImgNames = { dataFormat: 'optional', scale: 'boolean' } satisfies OptionNames<ArrayToImgOptions>;

/**
 * An image of numbers. https://keras.io/api/data_loading/image/#arraytoimg-function
 *
 * @param x [height, width, channels] with 1, 3 or 4 channels, any dtype. Without `scale` numbers below 0 become 0, above 255 255, and what follows the
 *   point is cut off.
 * @param options `dataFormat`: default `channelsLast`. `scale`: default true.
 * @returns uint8 [height, width, channels].
 * @throws EngineError `SHAPE` for another rank or number of channels; `ARGUMENT`.
 */
export function arrayToImg(
  x: NDArray | Tensor | Variable | TensorData,
  options: ArrayToImgOptions = {},
): PlainImage {
  knownOptions('arrayToImg', options, toImgNames);
  const { scale = true } = options;
  const dataFormat = dataFormatOf('arrayToImg', options.dataFormat);
  boolean('arrayToImg', 'scale', scale);
  const { data, shape } = convertToNumpy(x);
  if (shape.length !== 3) throw wrongShape('arrayToImg', 'an image of three axes', shape);
  const sizes = atLeast(shape, 3);
  const [height, width, channels] =
    dataFormat === 'channelsFirst' ? ([sizes[1], sizes[2], sizes[0]] as const) : sizes;
  if (![1, 3, 4].includes(channels)) throw wrongShape('arrayToImg', '1, 3 or 4 channels', shape);
  const numbers =
    dataFormat === 'channelsFirst' ? turned(data, [height, width, channels], false) : Float64Array.from(data);
  if (scale) {
    const low = numbers.reduce((a, b) => Math.min(a, b), Infinity);
    const high = numbers.reduce((a, b) => Math.max(a, b), -Infinity) - low;
    for (const [i, value] of numbers.entries())
      numbers[i] = Math.fround(Math.fround(Math.fround(value - low) / (high || 1)) * 255);
  }
  const pixels = Uint8Array.from(numbers, (n) => Math.min(Math.max(Math.trunc(n), 0), 255));
  return new NDArray(pixels, [height, width, channels], 'uint8');
}

/** What `utils.loadImg` takes. */
export interface LoadImgOptions {
  /** Which channels the image has. Default `rgb`. */
  colorMode?: 'grayscale' | 'rgb' | 'rgba';
  /** Its height and width; null: as they are. Default null. */
  targetSize?: readonly [height: number, width: number] | null;
  /** How it is brought to that size. Default `nearest`. */
  interpolation?: 'nearest' | 'bilinear' | 'bicubic' | 'lanczos';
  /** Whether what does not fit is cut off around its middle, instead of the image being stretched. Default false. */
  keepAspectRatio?: boolean;
}

const loadNames = {
  colorMode: 'optional',
  targetSize: 'optional',
  interpolation: 'optional',
  keepAspectRatio: 'boolean',
} satisfies OptionNames<LoadImgOptions>;

const CHANNELS = { grayscale: 1, rgb: 3, rgba: 4 } as const;
const KERNELS = { nearest: 'nearest', bilinear: 'linear', bicubic: 'cubic', lanczos: 'lanczos3' } as const;

/**
 * An image from a file (JPEG, PNG, WebP, GIF, AVIF, TIFF), decoded on another thread by the package `sharp`, which has to be installed.
 * https://keras.io/api/data_loading/image/#loadimg-function
 *
 * @param path Where the file is.
 * @param options `colorMode`: default `rgb`. `targetSize`: default as it is. `interpolation`: default `nearest`. `keepAspectRatio`: default false.
 * @returns uint8 [height, width, channels].
 * @throws EngineError `IO` for a file that cannot be read or has more than 8 million pixels and 50 for each of its bytes, or where `sharp`
 *   is missing; `ARGUMENT`.
 */
export async function loadImg(path: string, options: LoadImgOptions = {}): Promise<PlainImage> {
  knownOptions('loadImg', options, loadNames);
  if (typeof (path as unknown) !== 'string') throw expected('loadImg', 'a path', path);
  const {
    colorMode = 'rgb',
    targetSize = null,
    interpolation = 'nearest',
    keepAspectRatio = false,
  } = options;
  oneOf('loadImg', 'colorMode', colorMode, ['grayscale', 'rgb', 'rgba']);
  oneOf('loadImg', 'interpolation', interpolation, ['nearest', 'bilinear', 'bicubic', 'lanczos']);
  boolean('loadImg', 'keepAspectRatio', keepAspectRatio);
  const size = targetSize === null ? [] : integers('loadImg', 'targetSize', targetSize);
  if (targetSize !== null && (size.length !== 2 || size.some((n) => n < 1)))
    throw expected('loadImg', 'a height and a width, or null, as targetSize', targetSize);
  return readImage('loadImg', path, {
    ...(targetSize !== null && { size: { height: itemAt(size, 0), width: itemAt(size, 1) } }),
    channels: CHANNELS[colorMode],
    kernel: KERNELS[interpolation],
    fit: keepAspectRatio ? 'cover' : 'fill',
    channelsFirst: false,
  });
}

/** What `utils.saveImg` takes. */
export interface SaveImgOptions extends ArrayToImgOptions {
  /** The format; null: as the path ends. Default null. */
  fileFormat?: 'png' | 'jpeg' | 'jpg' | 'webp' | 'gif' | 'avif' | 'tiff' | null;
}

const saveNames = { ...toImgNames, fileFormat: 'optional' } satisfies OptionNames<SaveImgOptions>;

/** Of a format that sharp would write with losses, what loses nothing. */
const LOSSLESS: Readonly<Record<string, object>> = { tiff: { compression: 'deflate' } };

/** Of sharp what is used here. */
type Sharp = (pixels: Uint8Array, options: object) => Pipeline;
interface Pipeline {
  removeAlpha(): Pipeline;
  toFormat(format: string, options: object): Pipeline;
  toBuffer(): Promise<Uint8Array>;
}

/**
 * Writes an image to a file, by the package `sharp`, which has to be installed. https://keras.io/api/data_loading/image/#saveimg-function
 *
 * @param path Where to. JPEG has no opacity: it is left out.
 * @param x The numbers, as {@link arrayToImg} takes them.
 * @param options `dataFormat`: default `channelsLast`. `fileFormat`: default as the path ends. `scale`: default true.
 * @throws EngineError `IO` for a file that cannot be written, or where `sharp` is missing; `SHAPE`, `ARGUMENT`.
 */
export async function saveImg(
  path: string,
  x: NDArray | Tensor | Variable | TensorData,
  options: SaveImgOptions = {},
): Promise<void> {
  knownOptions('saveImg', options, saveNames);
  if (typeof (path as unknown) !== 'string') throw expected('saveImg', 'a path', path);
  const { fileFormat, dataFormat, scale } = options;
  const ending = (fileFormat ?? /\.(\w+)$/.exec(path)?.[1] ?? '').toLowerCase();
  const format = { jpg: 'jpeg', tif: 'tiff' }[ending] ?? ending;
  oneOf('saveImg', 'fileFormat', format, ['png', 'jpeg', 'webp', 'gif', 'avif', 'tiff']);
  const { data, shape } = arrayToImg(x, { dataFormat, scale });
  const [height, width, channels] = atLeast(shape, 3);
  const { default: sharp } = (await loadPeer('saveImg', 'sharp')) as { default: Sharp };
  const image = sharp(data as Uint8Array, { raw: { width, height, channels } });
  const shown = format === 'jpeg' && channels === 4 ? image.removeAlpha() : image;
  const bytes = withFile('saveImg', path, () => shown.toFormat(format, LOSSLESS[format] ?? {}).toBuffer());
  await writeWhole('saveImg', path, [await bytes]);
}
