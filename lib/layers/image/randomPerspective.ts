import { type OptionNames, finite, fraction, oneOf } from '../../base/checks.js';
import { defaultsOf, withDefaults } from '../../base/defaults.js';
import { itemAt } from '../../base/list.js';
import type { Operand } from '../../core/apply.js';
import type { Sym } from '../../core/sym.js';
import { tensor } from '../../core/tensor.js';
import { asSym } from '../../ops/composed.js';
import { type Boxes, around, clipBoxes, cornersOf } from '../../ops/image/boundingBoxes.js';
import { homography } from '../../ops/image/homography.js';
import { type Size, plus } from '../../ops/image/sizes.js';
import { perspectiveTransform } from '../../ops/image/transforms.js';
import * as ops from '../../ops/index.js';
import { BaseRandomImageLayer, type RandomImageOptions } from './baseRandomImage.js';
import { type Factor, SHARE, factorRange } from './checks.js';
import { type Draws, type ImageSides, perBox, perImage } from './draws.js';

const INTERPOLATIONS = ['nearest', 'bilinear'] as const;

/** What `layers.randomPerspective` takes. */
export interface RandomPerspectiveOptions extends RandomImageOptions {
  /** How probable it is that an image is changed: drawn for each between two numbers, or 0 and one number. Default 1. */
  factor?: Factor;
  /** By what share of their distance from the left upper corner the others are moved, half of it either way, from 0 to 1. Default 1. */
  scale?: number;
  /** The nearest pixel, or a straight line between pixels. Masks take the nearest. Default `bilinear`. */
  interpolation?: (typeof INTERPOLATIONS)[number];
  /** What is beyond the border. Default 0. */
  fillValue?: number;
}

/** What {@link RandomPerspective} draws. */
export interface Perspectives extends ImageSides {
  /** Which images are changed: bool [n]. */
  readonly applyPerspective: Operand;
  /** The corners of the images, x first: float32 [n, 4, 2]. */
  readonly startPoints: Operand;
  /** Where they come to: float32 [n, 4, 2]. */
  readonly endPoints: Operand;
}

const DEFAULTS = defaultsOf<RandomPerspectiveOptions>()({
  factor: 1,
  scale: 1,
  interpolation: 'bilinear',
  fillValue: 0,
});

/** Shows images from another side: made by `layers.randomPerspective`, which says more. */
export class RandomPerspective extends BaseRandomImageLayer<Perspectives> {
  static override readonly optionNames = {
    ...BaseRandomImageLayer.optionNames,
    factor: 'optional',
    scale: 'optional',
    interpolation: 'optional',
    fillValue: 'optional',
  } satisfies OptionNames<RandomPerspectiveOptions>;
  readonly className = 'RandomPerspective';
  /** Between which numbers the probability is drawn. */
  readonly factor: readonly [number, number];
  /** By what share corners are moved at most, half of it either way. */
  readonly scale: number;
  /** How images are read between pixels. */
  readonly interpolation: (typeof INTERPOLATIONS)[number];
  /** What is beyond the border. */
  readonly fillValue: number;

  constructor(given: RandomPerspectiveOptions = {}) {
    super(given);
    const options = withDefaults(given, DEFAULTS);
    const who = 'randomPerspective';
    const { factor, scale, interpolation, fillValue } = options;
    this.factor = factorRange(who, 'factor', factor, SHARE);
    this.scale = fraction(who, 'scale', scale);
    this.interpolation = oneOf(who, 'interpolation', interpolation, INTERPOLATIONS);
    this.fillValue = finite(who, 'fillValue', fillValue);
  }

  /** @internal */
  override draw(draws: Draws): Perspectives {
    const { height, width } = draws;
    const applyPerspective = draws.happens(this.factor);
    const along = (isLast: readonly number[], side: Size): Sym =>
      ops.multiply(ops.add(draws.zeros([4]), tensor(isLast)), plus(side, -1));
    const startPoints = ops.stack([along([0, 1, 0, 1], width), along([0, 0, 1, 1], height)], { axis: -1 });
    const shares = draws.uniform([-0.5 * this.scale, 0.5 * this.scale], [4, 2]);
    const endPoints = ops.add(startPoints, ops.multiply(startPoints, shares));
    return { applyPerspective, startPoints, endPoints, height, width };
  }

  protected override changeImages(images: Sym, transformation: Perspectives): Sym {
    return this.#seen(images, transformation, this.interpolation);
  }

  protected override changeMasks(masks: Sym, transformation: Perspectives): Sym {
    return this.#seen(masks, transformation, 'nearest');
  }

  #seen(images: Sym, transformation: Perspectives, interpolation: (typeof INTERPOLATIONS)[number]): Sym {
    const { dataFormat, fillValue } = this;
    const [start, end] = [asSym(transformation.startPoints), asSym(transformation.endPoints)];
    const seen = perspectiveTransform(images, start, end, { interpolation, fillValue, dataFormat });
    return ops.where(perImage(asSym(transformation.applyPerspective)), seen, images);
  }

  protected override changeBoxes(given: Boxes, transformation: Perspectives): Boxes {
    const map = asSym(homography(transformation.startPoints, transformation.endPoints));
    const numbers = ops.unstack(map, { axis: 1 }).map(perBox);
    const line = (i: number, x: Sym, y: Sym): Sym =>
      ops.add(ops.multiply(itemAt(numbers, i), x), ops.multiply(itemAt(numbers, i + 1), y));
    return this.inFormat('xyxy', given, transformation, transformation, ({ boxes, labels }) => {
      const [x1, y1, x2, y2] = cornersOf(boxes);
      const points = [x1, x2].flatMap((x) =>
        [y1, y2].map((y): readonly [Sym, Sym] => {
          const scale = ops.add(line(6, x, y), 1);
          const along = (i: number): Sym => ops.divide(ops.add(line(i, x, y), itemAt(numbers, i + 2)), scale);
          return [along(0), along(3)];
        }),
      );
      const moved = ops.where(perBox(asSym(transformation.applyPerspective)), around(points), boxes);
      return clipBoxes({ boxes: moved, labels }, transformation);
    });
  }

  override getConfig() {
    const { factor, scale, interpolation, fillValue } = this;
    return { ...super.getConfig(), factor, scale, interpolation, fillValue };
  }
}

/**
 * While training, shows images from another side: the corners, but the left upper one, are moved, and boxes and masks with them.
 * [n, height, width, channels] of any dtype to float32 of that shape.
 * https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_perspective/
 *
 * @throws EngineError `ARGUMENT` for a probability or scale that is not from 0 to 1 and other wrong options; `SHAPE`, when applied, for what
 *   are no images.
 * @example layers.randomPerspective({ factor: 0.5, scale: 0.3 });
 */
export const randomPerspective = (options: RandomPerspectiveOptions = {}) => new RandomPerspective(options);
