import { type OptionNames, knownOptions, oneOf, wrongShape } from '../../base/checks.js';
import { type Operand, type Outcome, typeOf } from '../../core/apply.js';
import { composition } from '../../core/op.js';
import type { Sym } from '../../core/sym.js';
import { add, divide, multiply, subtract } from '../../ops/binary.js';
import { asSym, outcomeOf } from '../../ops/composed.js';
import { clipCorners, cornersOf, joined, movedBoxes } from '../../ops/image/boundingBoxes.js';
import { expandDims, reshape, squeeze } from '../../ops/shape.js';
import { cos, sin, tan } from '../../ops/trigonometry.js';
import { negative } from '../../ops/unary.js';
import { numbersOf } from './convertFormat.js';

/** What the moves of boxes share. */
interface MoveOptions {
  /** The only format that there is for it. Default `xyxy`. */
  boundingBoxFormat?: 'xyxy';
}

/** What {@link affineTransform} takes. Each number is one for all images, or one for each, [n]. */
export interface AffineTransformOptions extends MoveOptions {
  /** In degrees. */
  angle: Operand;
  /** A share of the width. */
  translateX: Operand;
  /** A share of the height. */
  translateY: Operand;
  /** By which the boxes are enlarged around the point that stays. */
  scale: Operand;
  /** In degrees. */
  shearX: Operand;
  /** In degrees. */
  shearY: Operand;
  /** Of the image in pixels. */
  height: Operand;
  /** Of the image in pixels. */
  width: Operand;
  /** The point that stays where it is, a share of the width. Default 0.5. */
  centerX?: Operand;
  /** The point that stays where it is, a share of the height. Default 0.5. */
  centerY?: Operand;
}

/** What {@link crop} takes. */
export interface CropOptions extends MoveOptions {
  /** The first row of the part. */
  top: Operand;
  /** The first column of the part. */
  left: Operand;
  /** Rows of the part. */
  height: Operand;
  /** Columns of the part. */
  width: Operand;
}

/** What {@link pad} takes. */
export interface PadOptions extends MoveOptions {
  /** Rows above. */
  top: Operand;
  /** Columns on the left. */
  left: Operand;
}

const padNames = {
  top: 'required',
  left: 'required',
  boundingBoxFormat: 'optional',
} satisfies OptionNames<PadOptions>;
const cropNames = { ...padNames, height: 'required', width: 'required' } satisfies OptionNames<CropOptions>;
const affineNames = {
  angle: 'required',
  translateX: 'required',
  translateY: 'required',
  scale: 'required',
  shearX: 'required',
  shearY: 'required',
  height: 'required',
  width: 'required',
  centerX: 'optional',
  centerY: 'optional',
  boundingBoxFormat: 'optional',
} satisfies OptionNames<AffineTransformOptions>;

function checkFormat(who: string, { boundingBoxFormat = 'xyxy' }: MoveOptions): void {
  oneOf(who, 'boundingBoxFormat', boundingBoxFormat, ['xyxy']);
}

/**
 * The smallest upright boxes around boxes that are turned, moved, scaled and sheared. https://keras.io/api/utils/bounding_boxes/
 *
 * @param boxes [n, boxes, 4], or [boxes, 4] of one image.
 * @param options The map, in Keras's numbers: see {@link AffineTransformOptions}.
 * @returns float32 of the boxes' shape.
 * @throws EngineError `SHAPE`, `ARGUMENT`.
 */
export const affineTransform = composition(
  'affineTransform',
  <B extends Operand>(boxes: B, options: AffineTransformOptions): Outcome<B> => {
    knownOptions('affineTransform', options, affineNames);
    checkFormat('affineTransform', options);
    const { shape } = typeOf(boxes);
    if (shape.length < 2 || shape.length > 3 || shape.at(-1) !== 4)
      throw wrongShape('affineTransform', 'boxes [n, boxes, 4] or [boxes, 4]', shape);
    const one = shape.length === 2;
    const given = numbersOf(boxes);
    const moved = movedBoxes(one ? expandDims(given, 0) : given, matrixOf(options));
    return outcomeOf<B>(one ? squeeze(moved, 0) : moved);
  },
);

/** The six numbers of the map from places in the result to the image, each [n] or [1]. */
function matrixOf(options: AffineTransformOptions): readonly Sym[] {
  const { centerX = 0.5, centerY = 0.5 } = options;
  const each = (x: Operand): Sym => reshape<Sym>(numbersOf(x), [-1]);
  const radians = (degrees: Operand): Sym => multiply(each(degrees), -Math.PI / 180);
  const [across, down] = [subtract(each(options.width), 1), subtract(each(options.height), 1)];
  const [cx, cy] = [multiply(each(centerX), across), multiply(each(centerY), down)];
  const px = subtract(cx, multiply(each(options.translateX), across));
  const py = subtract(cy, multiply(each(options.translateY), down));
  const [turn, sy, tanX] = [radians(options.angle), radians(options.shearY), tan(radians(options.shearX))];
  const [cosY, rest] = [cos(sy), subtract(turn, sy)];
  const a = divide(cos(rest), cosY);
  const b = add(multiply(a, tanX), sin(turn));
  const c = negative(divide(sin(rest), cosY));
  const d = subtract(cos(turn), multiply(c, tanX));
  // The inverse of [[a, b], [c, d]], whose determinant is 1.
  const scale = each(options.scale);
  const [a0, a1] = [multiply(d, scale), negative(multiply(b, scale))];
  const [b0, b1] = [negative(multiply(c, scale)), multiply(a, scale)];
  const offset = (at: Sym, alongX: Sym, alongY: Sym): Sym =>
    subtract(subtract(at, multiply(alongX, px)), multiply(alongY, py));
  return [a0, a1, offset(cx, a0, a1), b0, b1, offset(cy, b0, b1)];
}

/** Corners moved to the left and upwards. */
function shifted(boxes: Sym, left: Operand, top: Operand, by: typeof add): Sym {
  const [x1, y1, x2, y2] = cornersOf(boxes);
  const [x, y] = [asSym(left), asSym(top)];
  return joined(by(x1, x), by(y1, y), by(x2, x), by(y2, y));
}

/**
 * Boxes in a part of the image, cut off where the part ends. https://keras.io/api/utils/bounding_boxes/
 *
 * @param boxes [..., 4].
 * @returns float32 of the boxes' shape.
 * @throws EngineError `SHAPE`, `ARGUMENT`.
 * @example utils.boundingBoxes.crop([[10, 20, 50, 60]], { top: 10, left: 20, height: 40, width: 30 }); // [[0, 10, 30, 40]]
 */
export const crop = composition('crop', <B extends Operand>(boxes: B, options: CropOptions): Outcome<B> => {
  knownOptions('crop', options, cropNames);
  checkFormat('crop', options);
  const { left, top, height, width } = options;
  const given = fourOf('crop', boxes);
  const sides = { height: asSym(height), width: asSym(width) };
  return outcomeOf<B>(clipCorners('crop', shifted(given, left, top, subtract), sides));
});

/**
 * Boxes in an image that has more rows above and columns on the left. https://keras.io/api/utils/bounding_boxes/
 *
 * @param boxes [..., 4].
 * @returns float32 of the boxes' shape.
 * @throws EngineError `SHAPE`, `ARGUMENT`.
 * @example utils.boundingBoxes.pad([[10, 20, 50, 60]], { top: 5, left: 1 }); // [[11, 25, 51, 65]]
 */
export const pad = composition('pad', <B extends Operand>(boxes: B, options: PadOptions): Outcome<B> => {
  knownOptions('pad', options, padNames);
  checkFormat('pad', options);
  return outcomeOf<B>(shifted(fourOf('pad', boxes), options.left, options.top, add));
});

/** Boxes as float32, if they are. */
function fourOf(who: string, boxes: Operand): Sym {
  const { shape } = typeOf(boxes);
  if (shape.at(-1) !== 4) throw wrongShape(who, 'boxes [..., 4]', shape);
  return numbersOf(boxes);
}
