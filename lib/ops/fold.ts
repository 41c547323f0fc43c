import { type OptionNames, knownOptions, wrongShape } from '../base/checks.js';
import { atLeast, itemAt, sizeOf } from '../base/list.js';
import { type Operand, type Outcome, typeOf } from '../core/apply.js';
import { op } from '../core/op.js';
import { reshape, transpose } from './shape.js';
import { type Sides, integerSides } from './window.js';
import { type Windows, overlapped, windowed } from './windows.js';

/** What `ops.unfold` and `ops.fold` take. */
export interface FoldOptions {
  /** How far the pixels of a patch are apart, one number or one for each side. Default 1. */
  dilation?: Sides;
  /** Zeros around the image, on both sides. Default 0. */
  padding?: Sides;
  /** How far patches are apart. Default 1. */
  stride?: Sides;
}

const foldNames = {
  dilation: 'optional',
  padding: 'optional',
  stride: 'optional',
} satisfies OptionNames<FoldOptions>;

function windowsOf(op: string, kernelSize: Sides, options: FoldOptions): Windows {
  knownOptions(op, options, foldNames);
  return {
    size: integerSides(op, 'kernelSize', kernelSize, 2),
    strides: integerSides(op, 'stride', options.stride ?? 1, 2),
    dilations: integerSides(op, 'dilation', options.dilation ?? 1, 2),
    padding: integerSides(op, 'padding', options.padding ?? 0, 2, 0),
  };
}

/**
 * The patches of images as columns (im2col). https://keras.io/api/ops/nn/
 *
 * @param x [n, channels, height, width], all sides and channels known.
 * @param kernelSize The side of a patch, or [height, width].
 * @returns [n, channels · height · width of a patch, patches], row by row.
 * @throws EngineError `SHAPE`, `ARGUMENT`.
 */
export const unfold = op(
  'unfold',
  <X extends Operand>(x: X, kernelSize: Sides, options: FoldOptions = {}): Outcome<X> => {
    const windows = windowsOf('unfold', kernelSize, options);
    const { shape } = typeOf(x);
    if (shape.length !== 4) throw wrongShape('unfold', 'images [n, channels, height, width]', shape);
    const { y, counts } = windowed('unfold', x, [2, 3], windows);
    const [n, channels] = atLeast(shape, 2);
    const columns = [n, channels * sizeOf(windows.size), sizeOf(counts)];
    return reshape(transpose(y, [0, 1, 3, 5, 2, 4]), columns) as Outcome<X>;
  },
);

/**
 * Images from patches (col2im): each pixel is the sum of those that show it. https://keras.io/api/ops/nn/
 *
 * @param x float32 [n, channels · height · width of a patch, patches], as {@link unfold} gives it.
 * @param outputSize [height, width] of the images.
 * @param kernelSize The side of a patch, or [height, width].
 * @returns [n, channels, height, width].
 * @throws EngineError `SHAPE`, `ARGUMENT`.
 */
export const fold = op(
  'fold',
  <X extends Operand>(x: X, outputSize: Sides, kernelSize: Sides, options: FoldOptions = {}): Outcome<X> => {
    const windows = windowsOf('fold', kernelSize, options);
    const sizes = integerSides('fold', 'outputSize', outputSize, 2);
    const { shape } = typeOf(x);
    const padding = integerSides('fold', 'padding', options.padding ?? 0, 2, 0);
    const counts = sizes.map((side, i) => {
      const reach = (itemAt(windows.size, i) - 1) * itemAt(windows.dilations, i) + 1;
      return Math.floor((side + 2 * itemAt(padding, i) - reach) / itemAt(windows.strides, i)) + 1;
    });
    const [pixels, patches] = [sizeOf(windows.size), sizeOf(counts)];
    const [n, depth = NaN, last] = shape;
    const channels = depth / pixels;
    if (n === undefined || shape.length !== 3 || !(channels >= 1) || depth % pixels !== 0 || last !== patches)
      throw wrongShape('fold', `patches [n, channels · ${pixels}, ${patches}]`, shape);
    const apart = reshape(x, [n, channels, ...windows.size, ...counts]);
    return overlapped('fold', transpose(apart, [0, 1, 4, 2, 5, 3]), [2, 3], sizes, windows) as Outcome<X>;
  },
);
