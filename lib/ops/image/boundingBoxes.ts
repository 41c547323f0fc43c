import { expected, mismatch, oneOfAnyCase, wrongShape } from '../../base/checks.js';
import { itemAt } from '../../base/list.js';
import type { Sym } from '../../core/sym.js';
import { add, divide, greater, maximum, minimum, multiply, subtract, where } from '../binary.js';
import { expandDims, squeeze } from '../shape.js';
import { concatenate, stridedSlice } from '../slice.js';

/** The orders of the four numbers of a box. */
const ABSOLUTE = ['xyxy', 'yxyx', 'xywh', 'centerXywh', 'centerYxhw'] as const;
const RELATIVE = ['relXyxy', 'relYxyx', 'relXywh', 'relCenterXywh'] as const;
const FORMATS = [...ABSOLUTE, ...RELATIVE];

/**
 * What the four numbers of a box are, x along the width and y along the height: its corners (`xyxy`: left, top, right, bottom; `yxyx`),
 * its left upper corner and size (`xywh`), or its middle and size (`centerXywh`, `centerYxhw`: y, x, height, width). In pixels, or as
 * shares of the image's sides (`rel…`).
 */
export type BoundingBoxFormat = (typeof FORMATS)[number];

/** A format of boxes that was given. @throws EngineError `ARGUMENT` for an unknown one. @internal */
export const boxFormatOf = (who: string, name: string, format: unknown): BoundingBoxFormat =>
  oneOfAnyCase(who, name, format, FORMATS);

/** Boxes [..., boxes, 4] with a class each [..., boxes]. */
export interface Boxes {
  /** The four numbers of each. */
  readonly boxes: Sym;
  /** The class of each. */
  readonly labels: Sym;
}

/** A side of the image in pixels: a number, or one for each box that broadcasts against [..., 1]. */
type Side = number | Sym;

/** One of the four numbers of each box, [..., 1]. @internal */
export const corner = (boxes: Sym, i: number): Sym => {
  const leading = boxes.shape.slice(0, -1);
  return stridedSlice(boxes, [...leading.map(() => 0), i], [...leading.map(() => Infinity), i + 1]);
};

/** The four numbers of each box, each [..., 1]. @internal */
export const cornersOf = (boxes: Sym): [Sym, Sym, Sym, Sym] => [
  corner(boxes, 0),
  corner(boxes, 1),
  corner(boxes, 2),
  corner(boxes, 3),
];

/** Boxes of their four numbers. @internal */
export const joined = (...parts: readonly Sym[]): Sym => concatenate(parts, { axis: -1 });

/** The first two numbers of each box, and the last two, each [..., 2]. @internal */
export function parted(boxes: Sym): [Sym, Sym] {
  const leading = boxes.shape.slice(0, -1);
  const from = leading.map(() => 0);
  const to = leading.map(() => Infinity);
  return [stridedSlice(boxes, [...from, 0], [...to, 2]), stridedSlice(boxes, [...from, 2], [...to, 4])];
}

const half = (x: Sym): Sym => multiply(x, 0.5);
const isRelative = (format: BoundingBoxFormat) => format.startsWith('rel');

/** The format with pixels instead of shares. */
function absolute(format: BoundingBoxFormat): (typeof ABSOLUTE)[number] {
  const i = (RELATIVE as readonly string[]).indexOf(format);
  return i < 0 ? (format as (typeof ABSOLUTE)[number]) : itemAt(ABSOLUTE, i);
}

function toCorners(boxes: Sym, format: (typeof ABSOLUTE)[number]): [Sym, Sym, Sym, Sym] {
  const [a, b, c, d] = cornersOf(boxes);
  const around = (x: Sym, y: Sym, w: Sym, h: Sym): [Sym, Sym, Sym, Sym] => [
    subtract(x, half(w)),
    subtract(y, half(h)),
    add(x, half(w)),
    add(y, half(h)),
  ];
  if (format === 'yxyx') return [b, a, d, c];
  if (format === 'xywh') return [a, b, add(a, c), add(b, d)];
  if (format === 'centerXywh') return around(a, b, c, d);
  if (format === 'centerYxhw') return around(b, a, d, c);
  return [a, b, c, d];
}

function fromCorners([x1, y1, x2, y2]: [Sym, Sym, Sym, Sym], format: (typeof ABSOLUTE)[number]): Sym {
  const [w, h] = [subtract(x2, x1), subtract(y2, y1)];
  const [x, y] = [add(x1, half(w)), add(y1, half(h))];
  if (format === 'yxyx') return joined(y1, x1, y2, x2);
  if (format === 'xywh') return joined(x1, y1, w, h);
  if (format === 'centerXywh') return joined(x, y, w, h);
  if (format === 'centerYxhw') return joined(y, x, h, w);
  return joined(x1, y1, x2, y2);
}

/**
 * Boxes in another format.
 *
 * @param boxes float32 [..., 4].
 * @param sides Of the image, where one of the formats has shares of them.
 * @throws EngineError `SHAPE`; `ARGUMENT` where the sides are missing. @internal
 */
export function convertBoxes(
  who: string,
  boxes: Sym,
  source: BoundingBoxFormat,
  target: BoundingBoxFormat,
  sides?: { readonly height: Side; readonly width: Side },
): Sym {
  if (boxes.shape.at(-1) !== 4) throw wrongShape(who, 'boxes [..., 4]', boxes.shape);
  if (source === target) return boxes;
  const relative = isRelative(source);
  if (sides === undefined && (relative || isRelative(target)))
    throw expected(who, `height and width for ${source} and ${target}`, undefined);
  const corners = toCorners(boxes, absolute(source));
  if (relative === isRelative(target) || sides === undefined) return fromCorners(corners, absolute(target));
  const scale = (relative ? multiply : divide) as (x: Sym, side: Side) => Sym;
  const scaled = corners.map((x, i) => scale(x, i % 2 === 0 ? sides.width : sides.height));
  return fromCorners(scaled as [Sym, Sym, Sym, Sym], absolute(target));
}

/**
 * Boxes cut off where the image ends.
 *
 * @param boxes In the format `xyxy`.
 * @param sides What the corners may be at most: the image's sides in pixels, or 1. @internal
 */
export function clipCorners(who: string, boxes: Sym, sides: { height: Side; width: Side }): Sym {
  if (boxes.shape.at(-1) !== 4) throw wrongShape(who, 'boxes [..., 4]', boxes.shape);
  const inside = (x: Sym, i: number): Sym =>
    minimum(maximum(x, 0), (i % 2 === 0 ? sides.width : sides.height) as Sym);
  return joined(...cornersOf(boxes).map(inside));
}

/** As {@link clipCorners}; the label of a box of which nothing is left becomes -1. @internal */
export function clipBoxes(given: Boxes, sides: { height: Side; width: Side }): Boxes {
  const boxes = clipCorners('clipToImageSize', given.boxes, sides);
  const [x1, y1, x2, y2] = cornersOf(boxes);
  const area = multiply(subtract(x2, x1), subtract(y2, y1));
  const { labels } = given;
  // Labels of one number a class have an axis more.
  const some = greater(labels.rank === boxes.rank ? area : squeeze(area, -1), 0);
  return { boxes, labels: where(some, labels, -1) };
}

/**
 * The smallest upright boxes around boxes whose corners a matrix has moved.
 *
 * @param matrix For each sample a0, a1, a2, b0, b1, b2, each float32 [n]: x becomes a0 x + a1 y + a2, y becomes b0 x + b1 y + b2.
 * @param boxes [n, boxes, 4] in the format `xyxy`. @internal
 */
export function movedBoxes(boxes: Sym, matrix: readonly Sym[]): Sym {
  const [x1, y1, x2, y2] = cornersOf(boxes);
  const number = (i: number) => expandDims(expandDims(itemAt(matrix, i), -1), -1);
  const along = (i: number, x: Sym, y: Sym): Sym =>
    add(add(multiply(number(i), x), multiply(number(i + 1), y)), number(i + 2));
  const all = (
    [
      [x1, y1],
      [x2, y1],
      [x2, y2],
      [x1, y2],
    ] as const
  ).map(([x, y]) => [along(0, x, y), along(3, x, y)] as const);
  return around(all);
}

/** The smallest upright boxes around some points, x and y [..., 1]. @internal */
export function around(points: readonly (readonly [x: Sym, y: Sym])[]): Sym {
  const of = (axis: 0 | 1, pick: (a: Sym, b: Sym) => Sym) => points.map((point) => point[axis]).reduce(pick);
  const least = (a: Sym, b: Sym): Sym => minimum(a, b);
  const most = (a: Sym, b: Sym): Sym => maximum(a, b);
  return joined(of(0, least), of(1, least), of(0, most), of(1, most));
}

/** Fails unless boxes have a class each: [n, boxes, 4] with [n, boxes], or [n, boxes, classes]. @internal */
export function checkBoxes(who: string, { boxes, labels }: Boxes): void {
  if (boxes.rank !== 3 || boxes.shape[2] !== 4)
    throw wrongShape(who, 'boxes [n, boxes, 4], or [boxes, 4] of one image', boxes.shape);
  if (labels.rank === 2 || labels.rank === 3) return;
  throw mismatch(who, 'labels [n, boxes] of the boxes', `those of rank ${labels.rank}`, 'SHAPE');
}
