import { type OptionNames, knownOptions, oneOf, wrongShape } from '../../base/checks.js';
import { sizeOf } from '../../base/list.js';
import { type Operand, type Outcome, typeOf } from '../../core/apply.js';
import { op } from '../../core/op.js';
import { reshape, transpose } from '../shape.js';
import { dataFormatOf, integerSides, type Sides } from '../window.js';
import { windowed } from '../windows.js';
import { type ImageOptions, imageNames, knownSizes } from './images.js';

/** What `ops.image.extractPatches` and `ops.image.extractPatches3d` take. */
export interface ExtractPatchesOptions extends ImageOptions {
  /** How far patches are apart, one number or one for each side. By default as far as they are large, so that they do not overlap. */
  strides?: Sides;
  /** How far the pixels of a patch are apart. Default 1. */
  dilationRate?: Sides;
  /** `valid`: patches are within the image; `same`: one for each stride, with zeros outside the border. Default `valid`. */
  padding?: 'valid' | 'same';
}

const patchNames = {
  strides: 'optional',
  dilationRate: 'optional',
  padding: 'optional',
  ...imageNames,
} satisfies OptionNames<ExtractPatchesOptions>;

function patches(
  op: string,
  x: Operand,
  size: Sides,
  spatial: number,
  options: ExtractPatchesOptions,
): Operand {
  knownOptions(op, options, patchNames);
  const { strides = size, dilationRate = 1, padding = 'valid', dataFormat } = options;
  oneOf(op, 'padding', padding, ['valid', 'same']);
  const windows = {
    size: integerSides(op, 'size', size, spatial),
    strides: integerSides(op, 'strides', strides, spatial),
    dilations: integerSides(op, 'dilationRate', dilationRate, spatial),
    padding,
  };
  const { shape } = typeOf(x);
  const rank = shape.length;
  if (rank !== spatial + 1 && rank !== spatial + 2)
    throw wrongShape(op, `images of rank ${spatial + 1} (one) or ${spatial + 2} (a batch)`, shape);
  const last = dataFormatOf(op, dataFormat) === 'channelsLast';
  const first = rank - spatial - (last ? 1 : 0);
  const axes = windows.size.map((_, i) => first + i);
  const { y, counts } = windowed(op, x, axes, windows);
  // [..., count, size, count, size, ..., channels], or with the channels before.
  const lead = [...Array(rank - spatial - 1).keys()];
  const channels = last ? rank + spatial - 1 : lead.length;
  const start = lead.length + (last ? 0 : 1);
  const places = axes.map((_, i) => start + 2 * i);
  const inner = [...places.map((axis) => axis + 1), channels];
  const made = transpose(y, last ? [...lead, ...places, ...inner] : [...lead, ...inner, ...places]);
  const [colours] = knownSizes(op, shape, [last ? rank - 1 : lead.length]);
  const depth = sizeOf(windows.size) * colours;
  const batch = lead.map(() => -1);
  return reshape(made, last ? [...batch, ...counts, depth] : [...batch, depth, ...counts]);
}

/**
 * The patches of images, each flattened into the channels: row by row, the channels of a pixel next to each other.
 * https://keras.io/api/ops/image/
 *
 * @param images Of rank 3 (one) or 4 (a batch), height, width and channels known; with a `size` of three sides volumes, of rank 4 or 5.
 * @param size The side of a patch, or [height, width], or of volumes [depth, height, width].
 * @returns [n, rows, columns, size · size · channels].
 * @throws EngineError `SHAPE`, `ARGUMENT`.
 * @example ops.image.extractPatches(zeros([2, 8, 8, 3]), 4); // [2, 2, 2, 48]
 */
export const extractPatches = op(
  'extractPatches',
  <X extends Operand>(images: X, size: Sides, options: ExtractPatchesOptions = {}): Outcome<X> => {
    const spatial = Array.isArray(size) && size.length === 3 ? 3 : 2;
    return patches('extractPatches', images, size, spatial, options) as Outcome<X>;
  },
);

/**
 * The patches of volumes, each flattened into the channels. https://keras.io/api/ops/image/
 *
 * @param volumes Of rank 4 (one) or 5 (a batch), all sides and channels known.
 * @param size The side of a patch, or [depth, height, width].
 * @returns [n, planes, rows, columns, size · size · size · channels].
 * @throws EngineError `SHAPE`, `ARGUMENT`.
 */
export const extractPatches3d = op(
  'extractPatches3d',
  <X extends Operand>(volumes: X, size: Sides, options: ExtractPatchesOptions = {}): Outcome<X> =>
    patches('extractPatches3d', volumes, size, 3, options) as Outcome<X>,
);
