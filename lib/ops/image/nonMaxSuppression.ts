import {
  type OptionNames,
  atLeastZero,
  expected,
  fraction,
  integer,
  knownOptions,
  wrongShape,
} from '../../base/checks.js';
import { itemAt } from '../../base/list.js';
import { type Operand, type Outcome, typeOf } from '../../core/apply.js';
import { op } from '../../core/op.js';
import type { Sym } from '../../core/sym.js';
import { full } from '../../core/tensor.js';
import {
  add,
  divide,
  equal,
  greater,
  logicalAnd,
  maximum,
  minimum,
  multiply,
  subtract,
  where,
} from '../binary.js';
import { asSym, outcomeOf } from '../composed.js';
import { scan } from '../control/index.js';
import { alongAxis } from '../alongAxis.js';
import { positions } from '../positions.js';
import { argmax, sum } from '../reduce.js';
import { expandDims, squeeze, transpose } from '../shape.js';
import { cast, exp, logicalNot, square } from '../unary.js';
import { type BoundingBoxFormat, boxFormatOf, convertBoxes, cornersOf } from './boundingBoxes.js';

/** What `ops.image.nonMaxSuppression` takes. */
export interface NonMaxSuppressionOptions {
  /** How much two boxes may overlap, from 0 to 1: of boxes that have a larger IoU with a selected one none is selected. Default 0.5. */
  iouThreshold?: number;
  /** Only boxes with higher scores are selected. Default -Infinity. */
  scoreThreshold?: number;
  /**
   * A number of 0 or more. Above 0, boxes that overlap with a selected one have their scores multiplied by exp(-iou² / (2 softNmsSigma)), too.
   * Default 0: their scores stay.
   */
  softNmsSigma?: number;
  /** Of the boxes, with pixels or shares of the image alike. Default `yxyx`, as in TF.js. */
  boundingBoxFormat?: BoundingBoxFormat;
}

const names = {
  iouThreshold: 'optional',
  scoreThreshold: 'optional',
  softNmsSigma: 'optional',
  boundingBoxFormat: 'optional',
} satisfies OptionNames<NonMaxSuppressionOptions>;

/** What `ops.image.nonMaxSuppression` gives. */
export interface Selected<T> {
  /** int32 [maxOutputSize], the highest score first; -1 after the last one. */
  readonly selectedIndices: T;
  /** float32 [maxOutputSize]; 0 after the last one. */
  readonly selectedScores: T;
  /** int32: how many are selected. */
  readonly validOutputs: T;
}

const WHO = 'nonMaxSuppression';

/**
 * The boxes with the highest scores, without those that overlap with a better one: what a detector does last. With `softNmsSigma` scores of
 * boxes that overlap fall instead (Bodla et al. 2017, https://arxiv.org/abs/1704.04503). TF.js has it as `image.nonMaxSuppression…`.
 *
 * @param boxes [boxes, 4], or [n, boxes, 4] of several images. Corners may be any two that are opposite to each other.
 * @param scores [boxes], or [n, boxes]. NaN is not selected.
 * @param maxOutputSize How many are selected at most, a positive integer.
 * @returns {@link Selected}: `selectedIndices`, `selectedScores` and `validOutputs`, each with the batch first where there is one. Gradients
 *   flow from the scores.
 * @throws EngineError `SHAPE`, `ARGUMENT`.
 * @example
 *     const boxes = [[0, 0, 2, 2], [0, 0, 2, 1.9], [5, 5, 6, 6]];
 *     const { selectedIndices } = ops.image.nonMaxSuppression(boxes, [0.8, 0.9, 0.1], 3); // [1, 2, -1]
 */
export const nonMaxSuppression = op(
  WHO,
  <B extends Operand, S extends Operand>(
    boxes: B,
    scores: S,
    maxOutputSize: number,
    options: NonMaxSuppressionOptions = {},
  ): Selected<Outcome<B | S>> => {
    knownOptions(WHO, options, names);
    integer(WHO, 'maxOutputSize', maxOutputSize);
    const { iouThreshold = 0.5, scoreThreshold = -Infinity, softNmsSigma = 0 } = options;
    fraction(WHO, 'iouThreshold', iouThreshold);
    atLeastZero(WHO, 'softNmsSigma', softNmsSigma);
    if (typeof scoreThreshold !== 'number' || Number.isNaN(scoreThreshold))
      throw expected(WHO, 'a number for scoreThreshold', scoreThreshold);
    const format = boxFormatOf(WHO, 'boundingBoxFormat', options.boundingBoxFormat ?? 'yxyx');
    const [of, given] = [typeOf(boxes).shape, typeOf(scores).shape];
    const rank = given.length;
    if (
      rank < 1 ||
      rank > 2 ||
      of.length !== rank + 1 ||
      of.at(-1) !== 4 ||
      !given.every((n, i) => meets(n, itemAt(of, i)))
    )
      throw wrongShape(
        WHO,
        `boxes [boxes, 4] with scores [boxes], or [n, boxes, 4] with [n, boxes], not scores [${given.join(', ')}] with boxes`,
        of,
      );
    const batched = (x: Operand): Sym => (rank === 2 ? asSym(x) : asSym(expandDims(x, 0)));
    const result = selected(
      batched(convertBoxes(WHO, asSym(cast(boxes, 'float32')), relative(format), 'xyxy')),
      batched(cast(scores, 'float32')),
      maxOutputSize,
      { iouThreshold, scoreThreshold, softNmsSigma },
    );
    const outcome = (x: Sym) => outcomeOf<B | S>(rank === 2 ? x : squeeze(x, 0));
    return {
      selectedIndices: outcome(result.selectedIndices),
      selectedScores: outcome(result.selectedScores),
      validOutputs: outcome(result.validOutputs),
    };
  },
);

const meets = (a: number, b: number) => a === b || a < 0 || b < 0;

/** Overlaps are the same in pixels and in shares: the image's sides are not needed. */
const relative = (format: BoundingBoxFormat): BoundingBoxFormat =>
  (({ relXyxy: 'xyxy', relYxyx: 'yxyx', relXywh: 'xywh', relCenterXywh: 'centerXywh' }) as const)[
    format as 'relXyxy'
  ] ?? format;

type Limits = Required<Omit<NonMaxSuppressionOptions, 'boundingBoxFormat'>>;

/** @param boxes [n, boxes, 4] in the format `xyxy`. */
function selected(boxes: Sym, scores: Sym, most: number, limits: Limits): Selected<Sym> {
  const { iouThreshold, scoreThreshold, softNmsSigma } = limits;
  if (scores.shape[1] === 0) return none(scores, most);
  const [ax, ay, bx, by] = cornersOf(boxes).map((x) => squeeze(x, -1)) as [Sym, Sym, Sym, Sym];
  const [x1, x2, y1, y2] = [minimum(ax, bx), maximum(ax, bx), minimum(ay, by), maximum(ay, by)];
  const area = multiply(subtract(x2, x1), subtract(y2, y1));
  const places = asSym(positions(scores, 1));

  const step = ({ score, left }: { score: Sym; left: Sym }) => {
    const open = where(left, score, -Infinity);
    const place = expandDims(argmax(open, { axis: -1 }), -1);
    const of = (x: Sym): Sym => alongAxis(WHO, x, place, 1);
    const best = of(open);
    const valid = greater(best, -Infinity);
    const along = (a1: Sym, a2: Sym): Sym => maximum(subtract(minimum(a2, of(a2)), maximum(a1, of(a1))), 0);
    const shared = multiply(along(x1, x2), along(y1, y2));
    const covered = subtract(add(area, of(area)), shared);
    const some = greater(covered, 0);
    const iou = where(some, divide(shared, where(some, covered, 1)), 0);
    const apart = logicalNot(greater(iou, iouThreshold));
    const other = logicalNot(equal(places, cast(place, 'float32')));
    const next =
      softNmsSigma === 0 ? score : multiply(score, exp(multiply(square(iou), -0.5 / softNmsSigma)));
    return [
      {
        score: next,
        left: logicalAnd(logicalAnd(left, logicalAnd(apart, other)), greater(next, scoreThreshold)),
      },
      { place: where(valid, place, -1), best: where(valid, best, 0), count: cast(valid, 'int32') },
    ] as const;
  };
  const first = { score: scores, left: greater(scores, scoreThreshold) };
  const [, kept] = scan(step, first, undefined, { length: most });
  /** [most, n, 1] to [n, most]. */
  const listed = (x: Operand): Sym => asSym(transpose(squeeze(x, -1), [1, 0]));
  return {
    selectedIndices: listed(kept.place),
    selectedScores: listed(kept.best),
    validOutputs: asSym(sum(listed(kept.count), { axis: 1 })),
  };
}

/** Of no boxes at all, scores [n, 0]. */
function none(scores: Sym, most: number): Selected<Sym> {
  const zero = sum(scores, { axis: 1 });
  const all = (value: number): Sym => add(expandDims(zero, -1), full([1, most], value));
  return {
    selectedIndices: cast(all(-1), 'int32'),
    selectedScores: all(0),
    validOutputs: cast(zero, 'int32'),
  };
}
