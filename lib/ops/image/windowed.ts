import { wrongShape } from '../../base/checks.js';
import { itemAt } from '../../base/list.js';
import type { Operand } from '../../core/apply.js';
import { NDArray } from '../../core/ndarray.js';
import { allocate } from '../../core/tensor.js';
import type { Sym } from '../../core/sym.js';
import { divide, multiply } from '../binary.js';
import { depthwiseConv } from '../conv.js';
import { sum } from '../reduce.js';
import { broadcastTo, expandDims, squeeze } from '../shape.js';
import { toFloat32 } from '../toFloat32.js';
import { exp, square } from '../unary.js';
import type { DataFormat } from '../window.js';
import { type ImageOptions, channelAxis, imageAxes } from './images.js';

/** Two numbers, of the rows and the columns. @internal */
export type Pair = readonly [vertical: number, horizontal: number];

/** Windows of one size, row by row. @internal */
export interface Windows {
  readonly height: number;
  readonly width: number;
  readonly numbers: readonly ArrayLike<number>[];
}

/** The product of a bell of sum 1 along each axis. @throws EngineError `OUT_OF_MEMORY`. @internal */
export function gaussian(op: string, [height, width]: Pair, [x, y]: Pair): Windows {
  const window = allocate(op, 'float32', height * width);
  const [rows, columns] = [bell(height, y), bell(width, x)];
  rows.forEach((row, i) =>
    window.set(
      columns.map((column) => row * column),
      i * width,
    ),
  );
  return { height, width, numbers: [window] };
}

function bell(n: number, sigma: number): number[] {
  const heights = Array.from({ length: n }, (_, i) => Math.exp(-0.5 * ((i - (n - 1) / 2) / sigma) ** 2));
  const total = heights.reduce((a, b) => a + b, 0);
  return heights.map((one) => one / total);
}

/** The same windows for each channel, [height, width, channels, windows]. */
function eachChannel(op: string, { height, width, numbers }: Windows, channels: number): NDArray {
  const each = allocate(op, 'float32', height * width * channels * numbers.length);
  const block = channels * numbers.length;
  each.forEach((_, i) => (each[i] = itemAt(itemAt(numbers, i % numbers.length), Math.floor(i / block))));
  return new NDArray(each, [height, width, channels, numbers.length]);
}

/** A depthwise convolution of one image or a batch, by windows of the same numbers for each channel. @internal */
export function filtered(
  op: string,
  images: Operand,
  windows: Windows,
  padding: 'same' | 'valid',
  { dataFormat }: ImageOptions,
): Operand {
  const { channels: axis, shape } = imageAxes(op, images, dataFormat);
  const channels = itemAt(shape, axis);
  if (channels < 1) throw wrongShape(op, 'a known number of channels, at least one', shape);
  const single = shape.length === 3;
  const x = toFloat32(single ? expandDims(images, 0) : images);
  const made = depthwiseConv(x, eachChannel(op, windows, channels), {
    padding,
    dataFormat,
  });
  return single ? squeeze(made, 0) : made;
}

/**
 * Images seen through a Gaussian window whose deviations are known only when the step runs; beyond the border are zeros.
 *
 * @param images float32 [n, height, width, channels].
 * @param sigma The deviations along the columns and the rows, float32 [] each, above 0. @internal
 */
export function blurred(
  images: Sym,
  [height, width]: Pair,
  [x, y]: readonly [x: Sym, y: Sym],
  dataFormat: DataFormat,
): Sym {
  const bellOf = (n: number, sigma: Sym, shape: readonly number[]): Sym => {
    const places = new NDArray(
      Float32Array.from({ length: n }, (_, i) => i - (n - 1) / 2),
      shape,
    );
    const heights = exp(multiply(square(divide(places, sigma)), -0.5));
    return divide(heights, sum(heights));
  };
  const window = multiply(bellOf(height, y, [height, 1, 1, 1]), bellOf(width, x, [1, width, 1, 1]));
  const channels = itemAt(images.shape, channelAxis(dataFormat));
  const each = broadcastTo(window, [height, width, channels, 1]);
  return depthwiseConv(images, each, { padding: 'same', dataFormat });
}
