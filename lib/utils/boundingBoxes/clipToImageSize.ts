import { type OptionNames, expected, knownOptions, oneOf } from '../../base/checks.js';
import type { Operand, Outcome } from '../../core/apply.js';
import { composition } from '../../core/op.js';
import { asSym } from '../../ops/composed.js';
import { clipBoxes, clipCorners } from '../../ops/image/boundingBoxes.js';
import { checkRecord, type LabelledBoxes, numbersOf, sidesOf } from './convertFormat.js';

/** What {@link clipToImageSize} takes. */
export interface ClipToImageSizeOptions {
  /** Of the image in pixels; needed for `xyxy`. */
  height?: Operand;
  /** Of the image in pixels; needed for `xyxy`. */
  width?: Operand;
  /** Corners in pixels, or as shares of the image's sides. Default `xyxy`. */
  boundingBoxFormat?: 'xyxy' | 'relXyxy';
}

/** A record whose boxes are cut off. */
export type ClippedRecord<L extends LabelledBoxes> = Omit<L, 'boxes' | 'labels'> & {
  /** float32 [..., 4]. */
  boxes: Outcome<L['boxes']>;
  /** Those given, -1 where nothing is left of the box. */
  labels: Outcome<NonNullable<L['labels']>>;
};

const clipNames = {
  height: 'optional',
  width: 'optional',
  boundingBoxFormat: 'optional',
} satisfies OptionNames<ClipToImageSizeOptions>;

const WHO = 'clipToImageSize';

/**
 * Boxes cut off where the image ends; the label of a box of which nothing is left becomes -1. https://keras.io/api/utils/bounding_boxes/
 *
 * @param boundingBoxes A record of `boxes`, [boxes, 4] or [n, boxes, 4], and `labels`, [boxes] or [n, boxes], if there are any.
 * @returns A new record, with float32 boxes.
 * @throws EngineError `SHAPE`; `ARGUMENT` where sides are missing, and for other formats.
 * @example
 *     const boxes = [[-10, -20, 150, 160], [150, 40, 170, 80]];
 *     utils.boundingBoxes.clipToImageSize({ boxes, labels: [0, 1] }, { height: 100, width: 120 });
 *     // boxes [[0, 0, 120, 100], [120, 40, 120, 80]], labels [0, -1]
 */
export const clipToImageSize = composition(
  WHO,
  <L extends LabelledBoxes>(boundingBoxes: L, options: ClipToImageSizeOptions = {}): ClippedRecord<L> => {
    knownOptions(WHO, options, clipNames);
    checkRecord(WHO, boundingBoxes);
    const { height, width, boundingBoxFormat = 'xyxy' } = options;
    const inShares = oneOf(WHO, 'boundingBoxFormat', boundingBoxFormat, ['xyxy', 'relXyxy']) === 'relXyxy';
    const sides = inShares ? { height: 1, width: 1 } : sidesOf(height, width);
    if (!sides) throw expected(WHO, 'height and width for xyxy', undefined);
    const boxes = numbersOf(boundingBoxes.boxes);
    const { labels } = boundingBoxes;
    const clipped =
      labels === undefined
        ? { boxes: clipCorners(WHO, boxes, sides) }
        : clipBoxes({ boxes, labels: asSym(labels) }, sides);
    return { ...boundingBoxes, ...clipped } as never;
  },
);
