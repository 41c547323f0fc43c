/** What the ops on images share. */
import { asSym } from '../composed.js';
import { type OptionNames, wrongShape } from '../../base/checks.js';
import { atLeast, itemAt, mapTuple, sizeOf } from '../../base/list.js';
import { type Operand, typeOf } from '../../core/apply.js';
import type { NDArray } from '../../core/ndarray.js';
import type { DType } from '../../engine/engine.js';
import { add, equal, greater, logicalAnd, logicalOr, multiply, subtract } from '../binary.js';
import { matmul } from '../matmul.js';
import { expandDims, reshape, squeeze, transpose } from '../shape.js';
import { cast, floor } from '../unary.js';
import { type DataFormat, dataFormatOf } from '../window.js';
import type { Sym } from '../../core/sym.js';

/** What every op on images takes. */
export interface ImageOptions {
  /**
   * The order of the axes: `channelsLast`, [height, width, channels], or `channelsFirst`, [channels, height, width], of one image; of
   * several with the batch first. Default `channelsLast`.
   */
  dataFormat?: DataFormat;
}

/** @internal */
export const imageNames = { dataFormat: 'optional' } satisfies OptionNames<ImageOptions>;

/** Where the axes of images are, and the sizes of all. @internal */
export interface ImageAxes {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly shape: readonly number[];
}

/** The axes of one image or of a batch. @throws EngineError `SHAPE` for another rank. @internal */
export function imageAxes(op: string, images: Operand, dataFormat: DataFormat | undefined): ImageAxes {
  const { shape } = typeOf(images);
  const last = dataFormatOf(op, dataFormat) === 'channelsLast';
  const rank = shape.length;
  if (rank !== 3 && rank !== 4) throw wrongShape(op, 'one image of rank 3 or a batch of rank 4', shape);
  const [height, width, channels] = last ? [rank - 3, rank - 2, rank - 1] : [rank - 2, rank - 1, rank - 3];
  return { height, width, channels, shape };
}

/** The axis of the channels in a batch of images. @internal */
export const channelAxis = (dataFormat: DataFormat): number => (dataFormat === 'channelsLast' ? 3 : 1);

/** The sizes of axes. @throws EngineError `SHAPE` where one is known only when the program runs. @internal */
export function knownSizes<const A extends readonly number[]>(
  op: string,
  shape: readonly number[],
  axes: A,
): { [K in keyof A]: number } {
  const sizes = mapTuple(axes, (axis) => itemAt(shape, axis));
  if (sizes.some((size) => size < 0)) throw wrongShape(op, 'sides of known size', shape);
  return sizes;
}

/** x with an axis of n numbers replaced by weights [m, n] times it. @internal */
export function contracted(x: Operand, axis: number, weights: NDArray): Operand {
  const { shape } = typeOf(x);
  if (shape.slice(1).some((size) => size < 0)) return contractedOpen(asSym(x), axis, asSym(weights));
  const [m, n] = atLeast(weights.shape, 2);
  const after = sizeOf(shape.slice(axis + 1));
  const before = axis === 0 ? 1 : -1;
  const made =
    after === 1
      ? matmul(reshape(x, [before, n]), weights, { transposeB: true })
      : matmul(weights, reshape(x, axis === 0 ? [n, after] : [-1, n, after]));
  return reshape(made, [...shape.slice(0, axis), m, ...shape.slice(axis + 1)]);
}

/** As {@link contracted}, where sizes are known only when the step runs, maybe that of the weights. @internal */
export function contractedOpen(x: Sym, axis: number, weights: Sym): Sym {
  if (x.rank === 1) return squeeze(contractedOpen(expandDims(x, 0), 1, weights), 0);
  const order = [...x.shape.keys()].filter((i) => i !== axis);
  const made = matmul(transpose(x, [...order, axis]), weights, { transposeB: true });
  return transpose(made, [...order.slice(0, axis), x.rank - 1, ...order.slice(axis).map((_, i) => axis + i)]);
}

/** The nearest whole number, of two as near the even one. @internal */
export function rounded(x: Sym): Sym {
  const below = floor(x);
  const rest = subtract(x, below);
  const even = multiply(2, floor(multiply(below, 0.5)));
  const up = logicalOr(greater(rest, 0.5), logicalAnd(equal(rest, 0.5), greater(below, even)));
  return add(below, cast(up, 'float32'));
}

/** float32 numbers as the dtype that images have: rounded where that is for whole numbers. @internal */
export const asImages = (x: Operand, dtype: DType): Sym =>
  dtype === 'float32' ? asSym(x) : cast(rounded(asSym(x)), dtype);
