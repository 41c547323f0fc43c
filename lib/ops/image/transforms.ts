import { type OptionNames, knownOptions, oneOf, wrongShape } from '../../base/checks.js';
import { asSym } from '../composed.js';
import { type Operand, type Outcome, typeOf } from '../../core/apply.js';
import { op } from '../../core/op.js';
import { reshape } from '../shape.js';
import { slice } from '../slice.js';
import { homography } from './homography.js';
import { type ImageOptions, imageNames } from './images.js';
import {
  type AffineTransformOptions,
  type SampleOptions,
  affineNames,
  sampled,
  sampleNames,
  warped,
} from './sampling.js';
import { sizeAlong } from './sizes.js';
import type { Sym } from '../../core/sym.js';

/** What `ops.image.mapCoordinates` takes. */
export type MapCoordinatesOptions = SampleOptions;

/**
 * The numbers of an array at coordinates between its places. https://keras.io/api/ops/image/
 *
 * @param inputs Of rank 1 or more. Whole numbers are rounded and keep their dtype.
 * @param coordinates [rank, ...]: for each axis of `inputs` where along it. Gradients flow to them, too (but with `order` 0 none).
 * @param order 0: the nearest number; 1: a straight line between numbers.
 * @returns coordinates.shape[1..].
 * @throws EngineError `SHAPE`, `ARGUMENT`.
 * @example ops.image.mapCoordinates([[1, 2], [3, 4]], [[0.5], [0.5]], 1); // [2.5]
 */
export const mapCoordinates = op(
  'mapCoordinates',
  <X extends Operand, C extends Operand>(
    inputs: X,
    coordinates: C,
    order: 0 | 1,
    options: MapCoordinatesOptions = {},
  ): Outcome<X | C> => {
    knownOptions('mapCoordinates', options, sampleNames);
    oneOf('mapCoordinates', 'order', order, [0, 1]);
    const { shape } = typeOf(inputs);
    const given = typeOf(coordinates).shape;
    if (given.length < 2 || (given[0] !== shape.length && given[0] !== -1))
      throw wrongShape(
        'mapCoordinates',
        `coordinates [${shape.length}, ...] for numbers of rank ${shape.length}`,
        given,
      );
    const sizes = shape.map((_, axis) => sizeAlong(inputs, axis));
    const points = reshape(asSym(coordinates), [shape.length, -1]);
    const along = sizes.map((_, axis): Sym => reshape(slice(points, axis, 1), [-1]));
    const result = sampled('mapCoordinates', reshape(inputs, [1, -1, 1]), sizes, along, order, options);
    return reshape(result, given.slice(1)) as Outcome<X | C>;
  },
);

/**
 * Images moved, turned, scaled or sheared: pixel (x, y) of the result, x its column, shows the input at
 * ((a0 x + a1 y + a2) / k, (b0 x + b1 y + b2) / k) with k = c0 x + c1 y + 1. https://keras.io/api/ops/image/
 *
 * @param images Of rank 3 (one) or 4 (a batch), channels known. Their height and width may be known only when the step runs, but not for
 *   gradients.
 * @param transform [a0, a1, a2, b0, b1, b2, c0, c1], for all images or [n, 8]. Gradients flow to it, too.
 * @returns Of the images' shape.
 * @throws EngineError `SHAPE`, `ARGUMENT`.
 * @example ops.image.affineTransform(zeros([1, 4, 4, 3]), [1, 0, 2, 0, 1, 0, 0, 0]); // moved to the left by two pixels
 */
export const affineTransform = op(
  'affineTransform',
  <X extends Operand, T extends Operand>(
    images: X,
    transform: T,
    options: AffineTransformOptions = {},
  ): Outcome<X | T> => {
    knownOptions('affineTransform', options, affineNames);
    const { shape } = typeOf(transform);
    if (shape.length < 1 || shape.length > 2 || shape.at(-1) !== 8)
      throw wrongShape('affineTransform', 'a transform [8] or [n, 8]', shape);
    return warped('affineTransform', images, transform, options) as Outcome<X | T>;
  },
);

/** What `ops.image.perspectiveTransform` takes. */
export interface PerspectiveTransformOptions extends ImageOptions {
  /** The nearest pixel, or a straight line between pixels. Default `bilinear`. */
  interpolation?: 'nearest' | 'bilinear';
  /** What is beyond the border. Default 0. */
  fillValue?: number;
}

const perspectiveNames = {
  interpolation: 'optional',
  fillValue: 'optional',
  ...imageNames,
} satisfies OptionNames<PerspectiveTransformOptions>;

/**
 * Images seen from another side: what is at the start points comes to the end points. https://keras.io/api/ops/image/
 *
 * @param images Of rank 3 (one) or 4 (a batch), channels known. Their height and width may be known only when the step runs, but not for
 *   gradients.
 * @param startPoints Four corners (x, y), x the column: [4, 2], for all images or [n, 4, 2]. Gradients flow to them, too.
 * @param endPoints Of the same shape.
 * @returns Of the images' shape.
 * @throws EngineError `SHAPE`, `ARGUMENT`; `ARGUMENT` (when read) where three end points are on one line.
 */
export const perspectiveTransform = op(
  'perspectiveTransform',
  <X extends Operand, S extends Operand, E extends Operand>(
    images: X,
    startPoints: S,
    endPoints: E,
    options: PerspectiveTransformOptions = {},
  ): Outcome<X | S | E> => {
    knownOptions('perspectiveTransform', options, perspectiveNames);
    const { shape } = typeOf(startPoints);
    for (const points of [startPoints, endPoints]) {
      const own = typeOf(points).shape;
      if (
        own.length !== shape.length ||
        own.length < 2 ||
        own.length > 3 ||
        own.at(-1) !== 2 ||
        own.at(-2) !== 4
      )
        throw wrongShape('perspectiveTransform', 'both points [4, 2] or both [n, 4, 2]', own);
    }
    const lists = shape.length === 2 ? [1, 4, 2] : [-1, 4, 2];
    const listed = (points: Operand): Sym => reshape(asSym(points), lists);
    // The result shows at an end point what is at the start point.
    const transform = homography(listed(endPoints), listed(startPoints));
    return warped('perspectiveTransform', images, transform, options) as Outcome<X | S | E>;
  },
);
