import { type OptionNames, finite, knownOptions, wrongShape } from '../../base/checks.js';
import { type Operand, type Outcome, typeOf } from '../../core/apply.js';
import { composition } from '../../core/op.js';
import type { Sym } from '../../core/sym.js';
import {
  add,
  divide,
  less,
  logicalOr,
  maximum,
  minimum,
  multiply,
  subtract,
  where,
} from '../../ops/binary.js';
import { outcomeOf } from '../../ops/composed.js';
import {
  type BoundingBoxFormat,
  boxFormatOf,
  convertBoxes,
  cornersOf,
} from '../../ops/image/boundingBoxes.js';
import { max } from '../../ops/reduce.js';
import { swapaxes } from '../../ops/manipulate.js';
import { squeeze } from '../../ops/shape.js';
import { arctan } from '../../ops/trigonometry.js';
import { square } from '../../ops/unary.js';
import { numbersOf } from './convertFormat.js';
import { EPSILON, type ImageShape, sidesOfImage } from './imageShape.js';

/** What {@link computeCiou} takes. */
export interface CiouOptions {
  /** Of both. */
  boundingBoxFormat: BoundingBoxFormat;
  /** Height and width of the image in pixels; where the format has shares of them. */
  imageShape?: ImageShape;
}

/** What {@link computeIou} takes. */
export interface IouOptions extends CiouOptions {
  /** Whether boxes of which all numbers are below 0, such as those that fill up a batch, get `maskVal`. Default false. */
  useMasking?: boolean;
  /** Default -1. */
  maskVal?: number;
}

const ciouNames = {
  boundingBoxFormat: 'required',
  imageShape: 'optional',
} satisfies OptionNames<CiouOptions>;
const iouNames = {
  ...ciouNames,
  useMasking: 'boolean',
  maskVal: 'optional',
} satisfies OptionNames<IouOptions>;

type Corners = readonly [x1: Sym, y1: Sym, x2: Sym, y2: Sym];

const area = ([x1, y1, x2, y2]: Corners): Sym => multiply(subtract(x2, x1), subtract(y2, y1));

/** What two boxes have in common. */
function common([ax1, ay1, ax2, ay2]: Corners, [bx1, by1, bx2, by2]: Corners): Sym {
  const along = (a1: Sym, a2: Sym, b1: Sym, b2: Sym): Sym =>
    maximum(subtract(minimum(a2, b2), maximum(a1, b1)), 0);
  return multiply(along(ay1, ay2, by1, by2), along(ax1, ax2, bx1, bx2));
}

function cornersIn(who: string, boxes: Operand, { boundingBoxFormat, imageShape }: CiouOptions): Sym {
  const format = boxFormatOf(who, 'boundingBoxFormat', boundingBoxFormat);
  return convertBoxes(who, numbersOf(boxes), format, 'xyxy', sidesOfImage(who, imageShape));
}

/**
 * How much each box of one list and each of another overlap: what they have in common, divided by what they cover together.
 * https://keras.io/api/utils/bounding_boxes/
 *
 * @param boxes1 [a, 4], or [n, a, 4] of several images.
 * @param boxes2 [b, 4], or [n, b, 4].
 * @returns float32 [a, b], or [n, a, b] where one of both has a batch: from 0 to 1.
 * @throws EngineError `SHAPE`, `ARGUMENT`.
 * @example utils.boundingBoxes.computeIou([[0, 0, 2, 2]], [[1, 0, 3, 2], [5, 5, 6, 6]], { boundingBoxFormat: 'xyxy' }); // [[1 / 3, 0]]
 */
export const computeIou = composition(
  'computeIou',
  <A extends Operand, B extends Operand>(boxes1: A, boxes2: B, options: IouOptions): Outcome<A | B> => {
    const who = 'computeIou';
    knownOptions(who, options, iouNames);
    const { useMasking = false, maskVal = -1 } = options;
    for (const { shape } of [typeOf(boxes1), typeOf(boxes2)])
      if (shape.length < 2 || shape.length > 3)
        throw wrongShape(who, 'boxes [boxes, 4] or [n, boxes, 4]', shape);
    const [one, two] = [cornersIn(who, boxes1, options), cornersIn(who, boxes2, options)];
    const a = cornersOf(one);
    const across = (x: Sym): Sym => swapaxes(x, -1, -2);
    const [bx1, by1, bx2, by2] = cornersOf(two);
    const b = [across(bx1), across(by1), across(bx2), across(by2)] as const;
    const shared = common(a, b);
    const covered = subtract(add(area(a), area(b)), shared);
    const iou = divide(shared, add(covered, EPSILON));
    if (!useMasking) return outcomeOf<A | B>(iou);
    const masked = (boxes: Sym): Sym => less(max(boxes, { axis: -1, keepDims: true }), 0);
    const none = logicalOr(masked(one), across(masked(two)));
    return outcomeOf<A | B>(where(none, finite(who, 'maskVal', maskVal), iou));
  },
);

/**
 * The complete IoU of pairs of boxes: their IoU, less how far their middles are apart and how much their proportions differ. 1 minus it
 * is a loss for detectors. Zheng et al. 2020, https://arxiv.org/abs/1911.08287; https://keras.io/api/utils/bounding_boxes/
 *
 * @param boxes1 [..., 4].
 * @param boxes2 [..., 4] of the same leading sizes, or of such that broadcast.
 * @returns float32 [...].
 * @throws EngineError `SHAPE`, `ARGUMENT`.
 * @example utils.boundingBoxes.computeCiou([[0, 0, 2, 2]], [[0, 0, 2, 2]], { boundingBoxFormat: 'xyxy' }); // [1]
 */
export const computeCiou = composition(
  'computeCiou',
  <A extends Operand, B extends Operand>(boxes1: A, boxes2: B, options: CiouOptions): Outcome<A | B> => {
    const who = 'computeCiou';
    knownOptions(who, options, ciouNames);
    const a = cornersOf(cornersIn(who, boxes1, options));
    const b = cornersOf(cornersIn(who, boxes2, options));
    const [[ax1, ay1, ax2, ay2], [bx1, by1, bx2, by2]] = [a, b];
    const [aw, bw] = [subtract(ax2, ax1), subtract(bx2, bx1)];
    const [ah, bh] = [add(subtract(ay2, ay1), EPSILON), add(subtract(by2, by1), EPSILON)];
    const shared = common(a, b);
    const covered = add(subtract(add(multiply(aw, ah), multiply(bw, bh)), shared), 2 * EPSILON);
    const iou = divide(shared, covered);
    const span = (a1: Sym, a2: Sym, b1: Sym, b2: Sym): Sym => subtract(maximum(a2, b2), minimum(a1, b1));
    const diagonal = add(add(square(span(ax1, ax2, bx1, bx2)), square(span(ay1, ay2, by1, by2))), EPSILON);
    const apart = (a1: Sym, a2: Sym, b1: Sym, b2: Sym): Sym =>
      square(multiply(subtract(add(a1, a2), add(b1, b2)), 0.5));
    const distance = add(apart(ax1, ax2, bx1, bx2), apart(ay1, ay2, by1, by2));
    const differ = multiply(
      square(subtract(arctan(divide(bw, bh)), arctan(divide(aw, ah)))),
      4 / Math.PI ** 2,
    );
    const weight = divide(differ, add(subtract(differ, iou), 1 + EPSILON));
    const ciou = subtract(iou, add(divide(distance, diagonal), multiply(differ, weight)));
    return outcomeOf<A | B>(squeeze(ciou, -1));
  },
);
