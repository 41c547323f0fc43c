import { type OptionNames, integer, knownOptions, mismatch } from '../../base/checks.js';
import { itemAt, mapTuple } from '../../base/list.js';
import { type Operand, type Outcome } from '../../core/apply.js';
import { op } from '../../core/op.js';
import { pad } from '../pad.js';
import { slice } from '../slice.js';
import { type ImageOptions, imageAxes, imageNames, knownSizes } from './images.js';

/** What `ops.image.padImages` takes: of each axis two of the margins and the target, from which the third follows. */
export interface PadImagesOptions extends ImageOptions {
  /** Rows above. */
  topPadding?: number;
  /** Columns to the left. */
  leftPadding?: number;
  /** Rows below. */
  bottomPadding?: number;
  /** Columns to the right. */
  rightPadding?: number;
  /** The height of the result. */
  targetHeight?: number;
  /** The width of the result. */
  targetWidth?: number;
}

/** What `ops.image.cropImages` takes: of each axis two of the margins and the target, from which the third follows. */
export interface CropImagesOptions extends ImageOptions {
  /** Rows above that are cut off. */
  topCropping?: number;
  /** Columns to the left that are cut off. */
  leftCropping?: number;
  /** Rows below that are cut off. */
  bottomCropping?: number;
  /** Columns to the right that are cut off. */
  rightCropping?: number;
  /** The height of the result. */
  targetHeight?: number;
  /** The width of the result. */
  targetWidth?: number;
}

const padNames = {
  topPadding: 'optional',
  leftPadding: 'optional',
  bottomPadding: 'optional',
  rightPadding: 'optional',
  targetHeight: 'optional',
  targetWidth: 'optional',
  ...imageNames,
} satisfies OptionNames<PadImagesOptions>;
const cropNames = {
  topCropping: 'optional',
  leftCropping: 'optional',
  bottomCropping: 'optional',
  rightCropping: 'optional',
  targetHeight: 'optional',
  targetWidth: 'optional',
  ...imageNames,
} satisfies OptionNames<CropImagesOptions>;

/** Two of three numbers of an axis, by name: how much before, how much after, and the size of the result. */
type Sides = Readonly<Record<string, number | undefined>>;

/** Before, after and the size of the result, whose sum with the sign of the margins is n. */
function completed(op: string, sides: Sides, n: number, sign: 1 | -1) {
  const names = Object.keys(sides);
  const given = names.filter((name) => sides[name] !== undefined);
  if (given.length !== 2) {
    throw mismatch(op, `two of ${names.join(', ')}`, given.length === 0 ? 'none' : given.join(', '));
  }
  for (const name of given) integer(op, name, sides[name], 0);
  const [first, second, target] = Object.values(sides);
  if (n < 0 && target !== undefined)
    throw mismatch(op, `images of known height and width for ${names[2]}`, 'unknown ones', 'SHAPE');
  const margins = target === undefined ? 0 : sign * (target - n);
  const before = first ?? margins - second!;
  const after = second ?? margins - first!;
  const size = n < 0 ? -1 : (target ?? n + sign * (before + after));
  if (before < 0 || after < 0 || size < -1) {
    throw mismatch(op, `${names.join(', ')} of 0 or more for a side of ${n}`, `${before}, ${after}, ${size}`);
  }
  return { before, after, size };
}

/**
 * Puts zeros around images. https://keras.io/api/ops/image/
 *
 * @param images Of rank 3 (one) or 4 (a batch).
 * @param options Two of `topPadding`, `bottomPadding` and `targetHeight`, and two of `leftPadding`, `rightPadding` and `targetWidth`.
 * @throws EngineError `ARGUMENT` for another count, and where one would be negative; `SHAPE`.
 * @example ops.image.padImages(zeros([2, 5, 6, 3]), { topPadding: 1, targetHeight: 8, leftPadding: 0, rightPadding: 2 }); // [2, 8, 8, 3]
 */
export const padImages = op(
  'padImages',
  <X extends Operand>(images: X, options: PadImagesOptions = {}): Outcome<X> => {
    knownOptions('padImages', options, padNames);
    const { height, width, shape } = imageAxes('padImages', images, options.dataFormat);
    const { topPadding, bottomPadding, targetHeight, leftPadding, rightPadding, targetWidth } = options;
    const own = mapTuple([height, width], (axis) => itemAt(shape, axis));
    const rows = completed('padImages', { topPadding, bottomPadding, targetHeight }, own[0], 1);
    const columns = completed('padImages', { leftPadding, rightPadding, targetWidth }, own[1], 1);
    const paddings = shape.map((): [number, number] => [0, 0]);
    paddings[height] = [rows.before, rows.after];
    paddings[width] = [columns.before, columns.after];
    return pad(images, paddings);
  },
);

/**
 * Cuts the margins of images off. https://keras.io/api/ops/image/
 *
 * @param images Of rank 3 (one) or 4 (a batch), height and width known.
 * @param options Two of `topCropping`, `bottomCropping` and `targetHeight`, and two of `leftCropping`, `rightCropping` and `targetWidth`.
 * @throws EngineError `ARGUMENT` for another count, and where one would be negative; `SHAPE`.
 * @example ops.image.cropImages(zeros([2, 5, 6, 3]), { topCropping: 1, targetHeight: 3, leftCropping: 0, rightCropping: 2 }); // [2, 3, 4, 3]
 */
export const cropImages = op(
  'cropImages',
  <X extends Operand>(images: X, options: CropImagesOptions = {}): Outcome<X> => {
    knownOptions('cropImages', options, cropNames);
    const { height, width, shape } = imageAxes('cropImages', images, options.dataFormat);
    const own = knownSizes('cropImages', shape, [height, width]);
    const { topCropping, bottomCropping, targetHeight, leftCropping, rightCropping, targetWidth } = options;
    const rows = completed('cropImages', { topCropping, bottomCropping, targetHeight }, own[0], -1);
    const columns = completed('cropImages', { leftCropping, rightCropping, targetWidth }, own[1], -1);
    const start = shape.map(() => 0);
    const size = shape.map(() => -1);
    [start[height], size[height]] = [rows.before, rows.size];
    [start[width], size[width]] = [columns.before, columns.size];
    return slice(images, start, size);
  },
);
