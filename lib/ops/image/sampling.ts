import { EngineError } from '../../base/errors.js';
import { type OptionNames, finite, oneOf } from '../../base/checks.js';
import { firstOf, itemAt } from '../../base/list.js';
import { type Operand, typeOf } from '../../core/apply.js';
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
import { expandDims, reshape, transpose } from '../shape.js';
import { slice } from '../slice.js';
import { toFloat32 } from '../toFloat32.js';
import { abs, cast, floor } from '../unary.js';
import { type ImageOptions, asImages, imageAxes, imageNames, knownSizes, rounded } from './images.js';

/** What is beyond the border of `a b c d`: see {@link SampleOptions.fillMode}. @internal */
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

const plus = (a: Operand, b: Operand): Operand => add<Operand, Operand>(a, b);
const times = (a: Operand, b: Operand): Operand => multiply<Operand, Operand>(a, b);

const modulo = (x: Operand, m: number): Operand =>
  subtract<Operand, Operand>(x, multiply(floor(divide(x, m)), m));

/** A wave of triangles, of the whole numbers from 0 to size - 1 and back. */
function mirrored(index: Operand, size: number): Operand {
  const half = size - 1;
  return half === 0 ? times(index, 0) : abs(subtract(modulo(add(index, half), 2 * half), half));
}

/** The place in a row of `size` that a whole number stands for, int32. */
function placeOf(index: Operand, size: number, mode: SampleOptions['fillMode']): Operand {
  let inside = index;
  if (mode === 'wrap') inside = modulo(index, size);
  if (mode === 'mirror') inside = mirrored(index, size);
  if (mode === 'reflect')
    inside = floor(multiply(subtract(mirrored(add(multiply(index, 2), 1), 2 * size + 1), 1), 0.5));
  const clipped = minimum(maximum(inside, 0), size - 1);
  // NaN stands for no place: it gets any, and a weight of NaN.
  return cast<Operand>(where(equal<Operand, Operand>(clipped, clipped), clipped, 0), 'int32');
}

/** One of the pixels around a coordinate: its place (int32), whether there is one (unset: surely), and its weight (unset: 1). */
interface Neighbour {
  readonly place: Operand;
  readonly valid?: Operand;
  readonly weight?: Operand;
}

function neighbours(
  coordinate: Operand,
  size: number,
  order: 0 | 1,
  mode: SampleOptions['fillMode'],
): Neighbour[] {
  const one = (index: Operand, weight?: Operand): Neighbour => ({
    place: placeOf(index, size, mode),
    valid:
      mode === 'constant'
        ? logicalAnd<Operand, Operand>(greaterEqual(index, 0), less(index, size))
        : undefined,
    weight,
  });
  if (order === 0) return [one(rounded(coordinate))];
  const lower = floor(coordinate);
  const share = subtract<Operand, Operand>(coordinate, lower);
  return [one(lower, subtract(1, share)), one(add(lower, 1), share)];
}

function together(a: Neighbour, b: Neighbour, size: number): Neighbour {
  const both = (x: Operand | undefined, y: Operand | undefined, of: (x: Operand, y: Operand) => Operand) =>
    x === undefined ? y : y === undefined ? x : of(x, y);
  return {
    place: plus(times(a.place, size), b.place),
    valid: both(a.valid, b.valid, (x, y) => logicalAnd<Operand, Operand>(x, y)),
    weight: both(a.weight, b.weight, times),
  };
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
  sizes: readonly number[],
  coordinates: readonly Operand[],
  order: 0 | 1,
  { fillMode = 'constant', fillValue = 0 }: SampleOptions,
): Operand {
  oneOf(op, 'fillMode', fillMode, FILL_MODES);
  finite(op, 'fillValue', fillValue);
  if (sizes.includes(0))
    throw new EngineError(
      'SHAPE',
      `[${op}] expected at least one number, received sides of ${sizes.join(', ')}`,
    );
  const { dtype } = typeOf(x);
  let all: Neighbour[] = [];
  coordinates.forEach((coordinate, axis) => {
    const own = neighbours(toFloat32(coordinate), itemAt(sizes, axis), order, fillMode);
    all =
      axis === 0
        ? own
        : all.flatMap((before) => own.map((next) => together(before, next, itemAt(sizes, axis))));
  });
  const batchDims = typeOf(firstOf(coordinates)).shape.length - 1;
  const parts = all.map(({ place, valid, weight }): Operand => {
    const found = gather<Operand, Operand>(x, place, { axis: 1, batchDims });
    const number =
      valid === undefined ? found : where<Operand, Operand, number>(expandDims(valid, -1), found, fillValue);
    return weight === undefined ? number : times(toFloat32(number), expandDims(weight, -1));
  });
  const result = parts.reduce(plus);
  return order === 0 ? cast(result, dtype) : asImages(result, dtype);
}

/**
 * Images read at other places, given for each sample by a function of a pixel's column and row.
 *
 * @param place Gives the row and the column, float32 [points] or [n, points], for the numbers of each point's column and row [points].
 * @internal
 */
export function moved(
  op: string,
  images: Operand,
  place: (column: NDArray, row: NDArray) => { row: Operand; column: Operand },
  { interpolation = 'bilinear', dataFormat, ...options }: AffineTransformOptions,
): Operand {
  oneOf(op, 'interpolation', interpolation, ['nearest', 'bilinear']);
  const { height, width, channels, shape } = imageAxes(op, images, dataFormat);
  const sizes = knownSizes(op, shape, [height, width]);
  const last = channels === shape.length - 1;
  const batch = shape.length === 3 ? expandDims<Operand>(images, 0) : images;
  const x = last ? batch : transpose(batch, [0, 2, 3, 1]);
  const [rows, columns] = sizes;
  const grid = (of: (i: number) => number) =>
    new NDArray(
      Float32Array.from({ length: rows * columns }, (_, i) => of(i)),
      [rows * columns],
    );
  const { row, column } = place(
    grid((i) => i % columns),
    grid((i) => Math.floor(i / columns)),
  );
  const flat = reshape<Operand>(x, [firstOf(typeOf(x).shape), rows * columns, itemAt(shape, channels)]);
  const made = sampled(op, flat, sizes, [row, column], interpolation === 'nearest' ? 0 : 1, options);
  const whole = reshape<Operand>(made, [
    ...(shape.length === 3 ? [] : [-1]),
    rows,
    columns,
    itemAt(shape, channels),
  ]);
  if (last) return whole;
  return transpose(whole, shape.length === 3 ? [2, 0, 1] : [0, 3, 1, 2]);
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
  const way = (i: number): Operand =>
    reshape(slice(ways, [0, 0, 0, i], [-1, -1, -1, 1]), [n, rows * columns]);
  return moved(
    op,
    images,
    (column, row) => ({
      column: plus(column, way(0)),
      row: plus(row, way(1)),
    }),
    options,
  );
}

/** The projective map of eight numbers [8] or [n, 8], as {@link moved} takes it. @internal */
export function projected(transform: Operand) {
  const leading = typeOf(transform).shape.slice(0, -1);
  const number = (i: number) =>
    slice<Operand>(transform, [...leading.map(() => 0), i], [...leading.map(() => -1), 1]);
  return (x: NDArray, y: NDArray) => {
    const line = (i: number) => plus(times(number(i), x), times(number(i + 1), y));
    const scale = add(line(6), 1);
    const along = (i: number): Operand => divide<Operand, Operand>(plus(line(i), number(i + 2)), scale);
    return { column: along(0), row: along(3) };
  };
}
