import { type OptionNames, expected, isPlainObject, knownOptions } from '../../base/checks.js';
import type { Operand, Outcome } from '../../core/apply.js';
import { composition } from '../../core/op.js';
import type { Sym } from '../../core/sym.js';
import type { DType } from '../../engine/engine.js';
import { asSym, outcomeOf } from '../../ops/composed.js';
import { type BoundingBoxFormat, boxFormatOf, convertBoxes } from '../../ops/image/boundingBoxes.js';
import { cast } from '../../ops/unary.js';

/** Boxes with a class each, as data sets have them. */
export interface LabelledBoxes<B extends Operand = Operand, L extends Operand = Operand> {
  /** [boxes, 4], or [n, boxes, 4] of several images. */
  readonly boxes: B;
  /** [boxes], or [n, boxes]. Default none. */
  readonly labels?: L;
}

/** What {@link convertFormat} takes. */
export interface ConvertFormatOptions {
  /** Of the image in pixels; where one of the formats has shares of it. */
  height?: Operand;
  /** Of the image in pixels; where one of the formats has shares of it. */
  width?: Operand;
  /** What the boxes are cast to before. Default float32. */
  dtype?: DType;
}

const convertNames = {
  height: 'optional',
  width: 'optional',
  dtype: 'optional',
} satisfies OptionNames<ConvertFormatOptions>;

/** The image's sides in the form of {@link convertBoxes}; none where one is missing. @internal */
export const sidesOf = (height: Operand | undefined, width: Operand | undefined) =>
  height === undefined || width === undefined ? undefined : { height: asSym(height), width: asSym(width) };

/** Numbers as floats or in another dtype, as tensors or symbolic values. @internal */
export const numbersOf = (x: Operand, dtype: DType = 'float32'): Sym => asSym(cast(x, dtype));

/** A record whose boxes are in another format. */
export type ConvertedRecord<L extends LabelledBoxes> = Omit<L, 'boxes'> & {
  /** float32 [..., 4]. */
  boxes: Outcome<L['boxes']>;
};

/** Of boxes alone, or in a record. */
interface ConvertFormat {
  <B extends Operand>(
    boxes: B,
    source: BoundingBoxFormat,
    target: BoundingBoxFormat,
    options?: ConvertFormatOptions,
  ): Outcome<B>;
  <L extends LabelledBoxes>(
    boxes: L,
    source: BoundingBoxFormat,
    target: BoundingBoxFormat,
    options?: ConvertFormatOptions,
  ): ConvertedRecord<L>;
}

const WHO = 'convertFormat';

/**
 * Boxes in another format: see {@link BoundingBoxFormat}. https://keras.io/api/utils/bounding_boxes/
 *
 * @param boxes [..., 4]; or a record with such `boxes`, of which the rest stays as it is.
 * @returns The boxes in the new format, or a new record with them.
 * @throws EngineError `SHAPE` for another last size; `ARGUMENT` for unknown formats and missing sides.
 * @example
 *     utils.boundingBoxes.convertFormat([[10, 20, 30, 40]], 'xyxy', 'xywh'); // [[10, 20, 20, 20]]
 *     utils.boundingBoxes.convertFormat([[10, 20, 30, 40]], 'xyxy', 'relXyxy', { height: 100, width: 50 });
 */
export const convertFormat = composition(
  WHO,
  (
    given: Operand | LabelledBoxes,
    source: BoundingBoxFormat,
    target: BoundingBoxFormat,
    options: ConvertFormatOptions = {},
  ): unknown => {
    knownOptions(WHO, options, convertNames);
    const { height, width, dtype } = options;
    const convert = (boxes: Operand) =>
      convertBoxes(
        WHO,
        numbersOf(boxes, dtype),
        boxFormatOf(WHO, 'source', source),
        boxFormatOf(WHO, 'target', target),
        sidesOf(height, width),
      );
    if (!isPlainObject(given)) return outcomeOf(convert(given as Operand));
    checkRecord(WHO, given);
    return { ...given, boxes: convert(given.boxes) };
  },
) as ConvertFormat;

/** Fails unless a record has boxes. @internal */
export function checkRecord(who: string, given: unknown): asserts given is LabelledBoxes {
  if (!isPlainObject(given) || given['boxes'] === undefined)
    throw expected(who, 'a record with boxes', given);
}
