import {
  type OptionNames,
  expected,
  isPlainObject,
  knownOptions,
  oneOf,
  wrongShape,
} from '../../base/checks.js';
import { type Operand, type Outcome, typeOf } from '../../core/apply.js';
import { composition } from '../../core/op.js';
import type { Sym } from '../../core/sym.js';
import { add, divide, maximum, multiply, subtract } from '../../ops/binary.js';
import { asSym, outcomeOf } from '../../ops/composed.js';
import {
  type BoundingBoxFormat,
  boxFormatOf,
  convertBoxes,
  joined,
  parted,
} from '../../ops/image/boundingBoxes.js';
import { exp, log } from '../../ops/unary.js';
import { numbersOf } from './convertFormat.js';
import { EPSILON, type ImageShape, sidesOfImage } from './imageShape.js';

/** Formats with the middle and the size of a box. */
type MiddleFormat = 'centerXywh' | 'centerYxhw';

interface DeltaOptions {
  /** Of the anchors. */
  anchorFormat: BoundingBoxFormat;
  /** Of the boxes. */
  boxFormat: BoundingBoxFormat;
  /** Four numbers by which the deltas are divided when boxes are encoded, and multiplied when they are decoded. Default none. */
  variance?: Operand;
  /** Height and width of the image in pixels; where a format has shares of them. */
  imageShape?: ImageShape;
}

/** What {@link encodeBoxToDeltas} takes. */
export interface EncodeOptions extends DeltaOptions {
  /** The format whose numbers are compared. Default `centerYxhw`. */
  encodingFormat?: MiddleFormat;
}

/** What {@link decodeDeltasToBoxes} takes. */
export interface DecodeOptions extends DeltaOptions {
  /** The format in which the deltas were made. Default `centerYxhw`. */
  encodedFormat?: MiddleFormat;
}

const deltaNames = {
  anchorFormat: 'required',
  boxFormat: 'required',
  variance: 'optional',
  imageShape: 'optional',
} satisfies OptionNames<DeltaOptions>;
const encodeNames = { ...deltaNames, encodingFormat: 'optional' } satisfies OptionNames<EncodeOptions>;
const decodeNames = { ...deltaNames, encodedFormat: 'optional' } satisfies OptionNames<DecodeOptions>;

/** The options as both directions need them, checked. */
function settings(who: string, name: string, middle: MiddleFormat, options: DeltaOptions) {
  const { variance, imageShape } = options;
  if (variance !== undefined && (typeOf(variance).shape.length !== 1 || typeOf(variance).shape[0] !== 4))
    throw wrongShape(who, 'four numbers as variance', typeOf(variance).shape);
  return {
    anchors: boxFormatOf(who, 'anchorFormat', options.anchorFormat),
    boxes: boxFormatOf(who, 'boxFormat', options.boxFormat),
    middle: oneOf<MiddleFormat>(who, name, middle, ['centerXywh', 'centerYxhw']),
    variance: variance === undefined ? undefined : asSym(variance),
    sides: sidesOfImage(who, imageShape),
  };
}

/**
 * What a detector learns of boxes: for each anchor, by how much of the anchor's size the middle of its box is away, and the logarithm of
 * how much larger the box is. https://keras.io/api/utils/bounding_boxes/
 *
 * @param anchors [boxes, 4].
 * @param boxes [boxes, 4] or [n, boxes, 4], one for each anchor.
 * @param options Formats and variance: see {@link EncodeOptions}.
 * @returns float32 of the boxes' shape.
 * @throws EngineError `SHAPE`, `ARGUMENT`.
 * @example
 *     utils.boundingBoxes.encodeBoxToDeltas([[0, 0, 10, 10]], [[0, 0, 20, 10]], {
 *       anchorFormat: 'xyxy',
 *       boxFormat: 'xyxy',
 *     }); // [[0, 0.5, 0, 0.6931]]: dy, dx, dh, dw
 */
export const encodeBoxToDeltas = composition(
  'encodeBoxToDeltas',
  <A extends Operand, B extends Operand>(anchors: A, boxes: B, options: EncodeOptions): Outcome<A | B> => {
    const who = 'encodeBoxToDeltas';
    knownOptions(who, options, encodeNames);
    const how = settings(who, 'encodingFormat', options.encodingFormat ?? 'centerYxhw', options);
    const [from, size] = parted(convertBoxes(who, numbersOf(anchors), how.anchors, how.middle, how.sides));
    const [at, own] = parted(convertBoxes(who, numbersOf(boxes), how.boxes, how.middle, how.sides));
    const sizes = maximum(size, EPSILON);
    const deltas = joined(divide(subtract(at, from), sizes), log(divide(maximum(own, EPSILON), sizes)));
    return outcomeOf(how.variance ? divide(deltas, how.variance) : deltas);
  },
);

/** Of boxes alone, or by level. */
interface Decode {
  <A extends Operand, D extends Operand>(anchors: A, boxesDelta: D, options: DecodeOptions): Outcome<A | D>;
  <K extends string, A extends Operand, D extends Operand>(
    anchors: Readonly<Record<K, A>>,
    boxesDelta: Readonly<Record<K, D>>,
    options: DecodeOptions,
  ): Record<K, Outcome<A | D>>;
}

/**
 * The boxes of deltas that {@link encodeBoxToDeltas} made or a detector gave. https://keras.io/api/utils/bounding_boxes/
 *
 * @param anchors [boxes, 4], or a record of such by level.
 * @param boxesDelta [boxes, 4] or [n, boxes, 4], or a record of such with the same levels.
 * @param options Formats and variance: see {@link DecodeOptions}.
 * @returns float32 of the deltas' shape, or a record of such.
 * @throws EngineError `SHAPE`, `ARGUMENT`.
 * @example
 *     utils.boundingBoxes.decodeDeltasToBoxes([[0, 0, 10, 10]], [[0, 0.5, 0, Math.LN2]], {
 *       anchorFormat: 'xyxy',
 *       boxFormat: 'xyxy',
 *     }); // [[0, 0, 20, 10]]
 */
export const decodeDeltasToBoxes = composition(
  'decodeDeltasToBoxes',
  (anchors: unknown, boxesDelta: unknown, options: DecodeOptions): unknown => {
    const who = 'decodeDeltasToBoxes';
    knownOptions(who, options, decodeNames);
    const how = settings(who, 'encodedFormat', options.encodedFormat ?? 'centerYxhw', options);
    const decode = (anchor: Operand, delta: Operand): Sym => {
      const [from, size] = parted(convertBoxes(who, numbersOf(anchor), how.anchors, how.middle, how.sides));
      const { shape } = typeOf(delta);
      if (shape.at(-1) !== 4) throw wrongShape(who, 'deltas [..., 4]', shape);
      const given = numbersOf(delta);
      const [by, larger] = parted(how.variance ? multiply(given, how.variance) : given);
      const boxes = joined(add(multiply(by, size), from), multiply(exp(larger), size));
      return convertBoxes(who, boxes, how.middle, how.boxes, how.sides);
    };
    if (!isPlainObject(anchors)) return decode(anchors as Operand, boxesDelta as Operand);
    const levels = Object.keys(anchors);
    if (!isPlainObject(boxesDelta) || levels.some((level) => boxesDelta[level] === undefined))
      throw expected(who, `deltas of the levels ${levels.join(', ')}`, boxesDelta);
    return Object.fromEntries(
      levels.map((level) => [level, decode(anchors[level] as Operand, boxesDelta[level] as Operand)]),
    );
  },
) as Decode;
