import { type OptionNames, expected, finite, integers, knownOptions, oneOf } from '../../base/checks.js';
import { itemAt } from '../../base/list.js';
import { type Operand, type Outcome, typeOf } from '../../core/apply.js';
import { NDArray } from '../../core/ndarray.js';
import { op } from '../../core/op.js';
import type { Sym } from '../../core/sym.js';
import { allocate, tensor } from '../../core/tensor.js';
import { maximum, minimum, multiply, subtract } from '../binary.js';
import { asSym } from '../composed.js';
import { gather } from '../gather.js';
import { floorDivide } from '../integers.js';
import { lengthAlong } from '../lengthAlong.js';
import { pad } from '../pad.js';
import { slice } from '../slice.js';
import { toFloat32 } from '../toFloat32.js';
import {
  type ImageOptions,
  asImages,
  contracted,
  contractedOpen,
  imageAxes,
  imageNames,
  knownSizes,
} from './images.js';
import { type Window, openNearest, openWeights } from './openWeights.js';
import {
  INTERPOLATIONS,
  antialiasMatrix,
  interpolationMatrix,
  kernels,
  translationMatrix,
} from './weights.js';

/** What `ops.image.resize` takes. */
export interface ResizeOptions extends ImageOptions {
  /** How numbers between pixels are found. Default `bilinear`. */
  interpolation?: (typeof INTERPOLATIONS)[number];
  /** Whether a smaller image shows the mean of what each of its pixels covers; `nearest` never does. Default false. */
  antialias?: boolean;
  /** Cut the sides off that the other ratio of height to width has no place for. Default false. */
  cropToAspectRatio?: boolean;
  /** Put `fillValue` at the sides to get the other ratio of height to width. Default false. */
  padToAspectRatio?: boolean;
  /** What the sides are filled with: `constant` is all there is. */
  fillMode?: 'constant';
  /** Default 0. */
  fillValue?: number;
}

const resizeNames = {
  interpolation: 'optional',
  antialias: 'boolean',
  cropToAspectRatio: 'boolean',
  padToAspectRatio: 'boolean',
  fillMode: 'optional',
  fillValue: 'optional',
  ...imageNames,
} satisfies OptionNames<ResizeOptions>;

/**
 * Images of another height and width. Numbers are those in the middle of their pixels. https://keras.io/api/ops/image/
 *
 * @param images Of rank 3 (one) or 4 (a batch). Whole numbers are rounded and keep their dtype. Height and width may be known only when the
 *   step runs, but with `padToAspectRatio`.
 * @param size [height, width] of the result.
 * @returns The images, of that size.
 * @throws EngineError `SHAPE`, `ARGUMENT`.
 * @example ops.image.resize(zeros([2, 8, 8, 3]), [4, 6]); // [2, 4, 6, 3]
 */
export const resize = op(
  'resize',
  <X extends Operand>(
    images: X,
    size: readonly [height: number, width: number],
    options: ResizeOptions = {},
  ): Outcome<X> => {
    knownOptions('resize', options, resizeNames);
    const { interpolation = 'bilinear', antialias = false, fillMode = 'constant' } = options;
    oneOf('resize', 'interpolation', interpolation, INTERPOLATIONS);
    oneOf('resize', 'fillMode', fillMode, ['constant']);
    const sides = integers('resize', 'size', size);
    if (sides.length !== 2 || sides.some((side) => side < 1))
      throw expected('resize', 'the size [height, width], positive integers', size);
    const { height, width, shape } = imageAxes('resize', images, options.dataFormat);
    const axes = [height, width];
    if (axes.some((axis) => shape[axis] === 0))
      throw expected('resize', 'images of at least one pixel', shape, 'SHAPE');
    const cut = openCut(images, sides, axes, options);
    let x = cut ? images : fitted(images, sides, axes, options);
    const { dtype, shape: whole } = typeOf(x);
    if (interpolation === 'nearest') {
      sides.forEach((side, i) => {
        const axis = itemAt(axes, i);
        const n = itemAt(whole, axis);
        if (n < 0 || cut) {
          x = gather(x, openNearest(x as Sym, axis, side, cut?.[i]), { axis });
          return;
        }
        const nearest = allocate('resize', 'int32', side);
        nearest.forEach((_, j) => (nearest[j] = Math.min(Math.floor(((j + 0.5) * n) / side), n - 1)));
        x = gather(x, new NDArray(nearest, [side]), { axis });
      });
      return x as Outcome<X>;
    }
    x = toFloat32(x);
    sides.forEach((side, i) => {
      const axis = itemAt(axes, i);
      const n = itemAt(whole, axis);
      x =
        n < 0 || cut
          ? contractedOpen(
              x as Sym,
              axis,
              openWeights(x as Sym, axis, side, interpolation, antialias, cut?.[i]),
            )
          : contracted(x, axis, weightsOf(n, side, interpolation, antialias));
    });
    if (interpolation === 'bicubic' && dtype === 'uint8') x = minimum(maximum(x, 0), 255);
    return asImages(x, dtype) as Outcome<X>;
  },
);

function weightsOf(
  n: number,
  size: number,
  method: Exclude<ResizeOptions['interpolation'], 'nearest' | undefined>,
  antialias: boolean,
) {
  if (method === 'bilinear' || method === 'bicubic')
    return (antialias ? antialiasMatrix : interpolationMatrix)('resize', n, size, method);
  return translationMatrix('resize', n, size, {
    scale: size / n,
    translation: 0,
    kernel: kernels[method],
    antialias,
  });
}

/** What is kept of images whose sides are known only when the step runs, where they are to be cut. */
function openCut(
  images: Operand,
  sides: readonly number[],
  axes: readonly number[],
  { cropToAspectRatio = false, padToAspectRatio = false }: ResizeOptions,
): Window[] | undefined {
  const { shape } = typeOf(images);
  if (!cropToAspectRatio || padToAspectRatio || axes.every((axis) => itemAt(shape, axis) >= 0))
    return undefined;
  const own = axes.map((axis): Sym => {
    const length = lengthAlong(images, axis);
    return typeof length === 'number' ? asSym(tensor(length, [], 'int32')) : length;
  });
  return sides.map((side, i) => {
    const ideal = floorDivide(multiply(itemAt(own, 1 - i), side), itemAt(sides, 1 - i));
    const length = maximum(minimum(itemAt(own, i), ideal), 1);
    return { start: floorDivide(subtract(itemAt(own, i), length), 2), length };
  });
}

/** The images cut or filled up to the ratio of the size's sides, as far as asked for. */
function fitted(
  images: Operand,
  sides: readonly number[],
  axes: readonly number[],
  options: ResizeOptions,
): Operand {
  const { cropToAspectRatio = false, padToAspectRatio = false, fillValue = 0 } = options;
  if (cropToAspectRatio && padToAspectRatio)
    throw expected('resize', 'one of cropToAspectRatio and padToAspectRatio', 'both');
  finite('resize', 'fillValue', fillValue);
  if (!cropToAspectRatio && !padToAspectRatio) return images;
  const { shape } = typeOf(images);
  const own = knownSizes('resize', shape, axes);
  // As many rows as fit the columns, and as many columns as fit the rows.
  const ideal = sides.map((side, i) => Math.trunc((itemAt(own, 1 - i) * side) / itemAt(sides, 1 - i)));
  if (cropToAspectRatio) {
    const start = shape.map(() => 0);
    const size = shape.map(() => -1);
    axes.forEach((axis, i) => {
      const side = Math.max(Math.min(itemAt(own, i), itemAt(ideal, i)), 1);
      size[axis] = side;
      start[axis] = Math.floor((itemAt(own, i) - side) / 2);
    });
    return slice(images, start, size);
  }
  const margins = shape.map((n, axis): [number, number] => {
    const i = axes.indexOf(axis);
    const margin = i < 0 ? 0 : Math.floor((Math.max(n, itemAt(ideal, i)) - n) / 2);
    return [margin, margin];
  });
  return pad(images, margins, { constantValues: fillValue });
}
