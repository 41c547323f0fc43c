import { type OptionNames, finite, mismatch, oneOf } from '../../base/checks.js';
import { asSym } from '../composed.js';
import { firstOf, itemAt } from '../../base/list.js';
import { type Operand, apply, typeOf } from '../../core/apply.js';
import { NDArray } from '../../core/ndarray.js';
import {
  add,
  divide,
  equal,
  greaterEqual,
  less,
  logicalAnd,
  maximum,
  minimum,
  multiply,
  subtract,
  where,
} from '../binary.js';
import { gather } from '../gather.js';
import { expandDims, reshape, squeeze, transpose } from '../shape.js';
import { slice } from '../slice.js';
import { toFloat32 } from '../toFloat32.js';
import { abs, cast, floor } from '../unary.js';
import { type ImageOptions, asImages, imageAxes, imageNames, rounded } from './images.js';
import { type Size, atLeastSize, plus, times } from './sizes.js';
import type { Sym } from '../../core/sym.js';

/** What is beyond the border of `a b c d`: see {@link SampleOptions.fillMode}. */
export const FILL_MODES = ['constant', 'nearest', 'wrap', 'mirror', 'reflect'] as const;

/** What ops that read images between their pixels take. */
export interface SampleOptions {
  /**
   * What is beyond the border of `a b c d`: `constant`, `fillValue`; `nearest`, `a a a d d d`; `wrap`, `b c d` before and `a b c` after;
   * `mirror`, `d c b` and `c b a`; `reflect`, `c b a` and `d c b`. Default `constant`.
   */
  fillMode?: (typeof FILL_MODES)[number];
  /** Default 0. */
  fillValue?: number;
}

/** What `ops.image.affineTransform` takes. */
export interface AffineTransformOptions extends SampleOptions, ImageOptions {
  /** The nearest pixel, or a straight line between pixels. Default `bilinear`. */
  interpolation?: 'nearest' | 'bilinear';
}

/** @internal */
export const sampleNames = {
  fillMode: 'optional',
  fillValue: 'optional',
} satisfies OptionNames<SampleOptions>;
/** @internal */
export const affineNames = {
  interpolation: 'optional',
  ...sampleNames,
  ...imageNames,
} satisfies OptionNames<AffineTransformOptions>;

const modulo = (x: Sym, m: Size): Sym => subtract(x, multiply(floor(divide(x, m)), m));

/** A wave of triangles, of the whole numbers from 0 to size - 1 and back. */
function mirrored(index: Sym, size: Size): Sym {
  const half = plus(size, -1);
  // Of one number all are 0.
  const period = atLeastSize(times(half, 2), 1);
  return abs(subtract(modulo(add(index, half), period), half));
}

/** The place in a row of `size` that a whole number stands for, int32. */
function pixelIndex(index: Sym, size: Size, mode: SampleOptions['fillMode']): Sym {
  let inside = index;
  if (mode === 'wrap') inside = modulo(index, size);
  if (mode === 'mirror') inside = mirrored(index, size);
  if (mode === 'reflect')
    inside = floor(multiply(subtract(mirrored(add(multiply(index, 2), 1), plus(times(size, 2), 1)), 1), 0.5));
  const clipped = minimum(maximum(inside, 0), plus(size, -1));
  // NaN stands for no place: it gets any, and a weight of NaN.
  return cast(where(equal(clipped, clipped), clipped, 0), 'int32');
}

/** One of the pixels around a coordinate: its place (int32), whether there is one (unset: surely), and its weight (unset: 1). */
interface Neighbour {
  readonly index: Sym;
  readonly valid?: Sym | undefined;
  readonly weight?: Sym | undefined;
}

function neighbours(coordinate: Sym, size: Size, order: 0 | 1, mode: SampleOptions['fillMode']): Neighbour[] {
  const one = (index: Sym, weight?: Sym): Neighbour => ({
    index: pixelIndex(index, size, mode),
    valid: mode === 'constant' ? logicalAnd(greaterEqual(index, 0), less(index, size)) : undefined,
    weight,
  });
  if (order === 0) return [one(rounded(coordinate))];
  const lower = floor(coordinate);
  const share = subtract(coordinate, lower);
  return [one(lower, subtract(1, share)), one(add(lower, 1), share)];
}

function together(a: Neighbour, b: Neighbour, size: Size): Neighbour {
  const both = (x: Sym | undefined, y: Sym | undefined, of: (x: Sym, y: Sym) => Sym) =>
    x === undefined ? y : y === undefined ? x : of(x, y);
  return {
    index: add(multiply(a.index, typeof size === 'number' ? size : cast(size, 'int32')), b.index),
    valid: both(a.valid, b.valid, (x, y) => logicalAnd(x, y)),
    weight: both(a.weight, b.weight, (x, y) => multiply(x, y)),
  };
}

function someNumbers(op: string, sizes: readonly Size[]): void {
  if (sizes.includes(0)) throw mismatch(op, 'at least one number', `sides of ${sizes.join(', ')}`, 'SHAPE');
}

/**
 * The numbers of x at coordinates.
 *
 * @param x [n, places, channels], the places row-major.
 * @param sizes What the places are made of.
 * @param coordinates For each of these sizes float32 [points], for all samples alike, or [n, points].
 * @param order 0: the nearest pixel; 1: a straight line between pixels.
 * @returns [n, points, channels] of x's dtype. @internal
 */
export function sampled(
  op: string,
  x: Operand,
  sizes: readonly Size[],
  coordinates: readonly Operand[],
  order: 0 | 1,
  { fillMode = 'constant', fillValue = 0 }: SampleOptions,
): Operand {
  oneOf(op, 'fillMode', fillMode, FILL_MODES);
  finite(op, 'fillValue', fillValue);
  someNumbers(op, sizes);
  const { dtype } = typeOf(x);
  let all: Neighbour[] = [];
  coordinates.forEach((coordinate, axis) => {
    const own = neighbours(toFloat32(asSym(coordinate)), itemAt(sizes, axis), order, fillMode);
    all =
      axis === 0
        ? own
        : all.flatMap((before) => own.map((next) => together(before, next, itemAt(sizes, axis))));
  });
  const batchDims = typeOf(firstOf(coordinates)).shape.length - 1;
  const parts = all.map(({ index, valid, weight }): Sym => {
    const found = gather(asSym(x), index, { axis: 1, batchDims });
    const number = valid === undefined ? found : where(expandDims(valid, -1), found, fillValue);
    return weight === undefined ? number : multiply(toFloat32(number), expandDims(weight, -1));
  });
  const result = parts.reduce((a, b) => add(a, b));
  return order === 0 ? cast(result, dtype) : asImages(result, dtype);
}

/**
 * Images read at other places.
 *
 * @param read What the pixels of a batch [n, height, width, channels] become.
 */
function reread(
  op: string,
  images: Operand,
  { interpolation = 'bilinear', fillMode = 'constant', fillValue = 0, dataFormat }: AffineTransformOptions,
  read: (batch: Operand, isNearest: boolean) => Operand,
): Operand {
  oneOf(op, 'interpolation', interpolation, ['nearest', 'bilinear']);
  oneOf(op, 'fillMode', fillMode, FILL_MODES);
  finite(op, 'fillValue', fillValue);
  const { height, width, channels, shape } = imageAxes(op, images, dataFormat);
  someNumbers(op, [itemAt(shape, height), itemAt(shape, width)]);
  const last = channels === shape.length - 1;
  const batch = shape.length === 3 ? expandDims(images, 0) : images;
  const made = read(last ? batch : transpose(batch, [0, 2, 3, 1]), interpolation === 'nearest');
  const whole = last ? made : transpose(made, [0, 3, 1, 2]);
  return shape.length === 3 ? squeeze(whole, 0) : whole;
}

/**
 * Images read where a projective map says.
 *
 * @param transform [8] or [n, 8], as `affineTransform` takes it. @internal
 */
export function warped(
  op: string,
  images: Operand,
  transform: Operand,
  options: AffineTransformOptions,
): Operand {
  const { fillMode = 'constant', fillValue = 0 } = options;
  const numbers = reshape(toFloat32(transform), [-1, 8]);
  return reread(op, images, options, (batch, nearest) => {
    const { dtype } = typeOf(batch);
    // Whole numbers that are only moved stay exact.
    const own = nearest && dtype !== 'float32' ? 'int32' : 'float32';
    const x = dtype === own ? batch : cast(batch, own);
    const made = apply('warp', [x, numbers], { nearest, fillMode, fillValue });
    if (!nearest) return asImages(made, dtype);
    return dtype === own ? made : cast(made, dtype);
  });
}

/**
 * Images read at places that are some way from their pixels.
 *
 * @param ways How far from each pixel, along its row and its column: float32 [n, height, width, 2], n 1 for one image. @internal
 */
export function distorted(
  op: string,
  images: Operand,
  ways: Operand,
  options: AffineTransformOptions,
): Operand {
  const [n, rows, columns] = typeOf(ways).shape as [number, number, number];
  const along = (i: number, of: (i: number) => number): Sym => {
    const way = reshape(slice(asSym(ways), [0, 0, 0, i], [-1, -1, -1, 1]), [n, rows * columns]);
    const grid = new NDArray(
      Float32Array.from({ length: rows * columns }, (_, i) => of(i)),
      [rows * columns],
    );
    return add(grid, way);
  };
  const column = along(0, (i) => i % columns);
  const row = along(1, (i) => Math.floor(i / columns));
  return reread(op, images, options, (batch, isNearest) => {
    const [samples, , , channels] = typeOf(batch).shape as [number, number, number, number];
    const flat = reshape(batch, [samples, rows * columns, channels]);
    const made = sampled(op, flat, [rows, columns], [row, column], isNearest ? 0 : 1, options);
    return reshape(made, [-1, rows, columns, channels]);
  });
}
