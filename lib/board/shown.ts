// Numbers as gray images, made in the step itself: what leaves the engine is a few kilobytes.
import type { Sym } from '../core/sym.js';
import type { Tensor } from '../core/tensor.js';
import {
  cast,
  divideNoNan,
  max,
  min,
  multiply,
  reshape,
  stridedSlice,
  subtract,
  transpose,
} from '../ops/index.js';

/** At most so many channels of an output and filters of a layer are shown. */
const MOST_MAPS = 16;
/** Of larger images only some rows and columns are shown, so that none is larger. */
const SIDE = 64;
/** At most so many numbers of an output that is no image. */
const MOST_NUMBERS = 256;

/** Gray images of one size, one after the other in base64. */
export interface GrayImages {
  readonly count: number;
  readonly height: number;
  readonly width: number;
  readonly bytes: string;
}

/**
 * The channels of one output as images in uint8, each with its own contrast: [maps, height, width]; a vector is one row. Undefined for
 * what has more axes.
 *
 * @param x [1, ...].
 */
export function shownOutput(x: Sym): Sym | undefined {
  const { shape } = x;
  const [, a = 1, b = 1] = shape;
  if (shape.length === 2) {
    const width = Math.min(a, MOST_NUMBERS);
    return contrasted(reshape(stridedSlice(x, [0, 0], [1, width]), [1, 1, width, 1]));
  }
  if (shape.length === 3) return contrasted(reduced(reshape(x, [1, a, b, 1])));
  return shape.length === 4 ? contrasted(reduced(x)) : undefined;
}

/** The filters of a convolution [height, width, channels, filters] for its first channel, as {@link shownOutput}. */
export function shownFilters(kernel: Sym): Sym {
  const [height = 1, width = 1] = kernel.shape;
  const first = stridedSlice(kernel, [0, 0, 0, 0], [height, width, 1, MOST_MAPS]);
  return contrasted(transpose(first, [2, 0, 1, 3]));
}

/** Some rows, columns and channels of images [1, height, width, channels]. */
function reduced(x: Sym): Sym {
  const [, height = 1, width = 1] = x.shape;
  const step = Math.max(1, Math.ceil(Math.max(height, width) / SIDE));
  return stridedSlice(x, [0, 0, 0, 0], [1, height, width, MOST_MAPS], [1, step, step, 1]);
}

/** Numbers [1, height, width, maps] as bytes [maps, height, width]. */
function contrasted(image: Sym): Sym {
  const [, height = 1, width = 1, maps = 1] = image.shape;
  const over = { axis: [1, 2], keepDims: true };
  const low = min(image, over);
  const range = subtract(max(image, over), low);
  const gray = multiply(divideNoNan(subtract(image, low), range), 255);
  return cast(reshape(transpose(gray, [0, 3, 1, 2]), [maps, height, width]), 'uint8');
}

/** Images that {@link shownOutput} and {@link shownFilters} have made, as they are sent. */
export async function grayImages(images: Tensor): Promise<GrayImages> {
  const [count = 0, height = 0, width = 0] = images.shape;
  const bytes = Buffer.from((await images.data()) as Uint8Array).toString('base64');
  images.dispose();
  return { count, height, width, bytes };
}
