import type { OptionNames } from '../../base/checks.js';
import type { Operand } from '../../core/apply.js';
import type { Sym } from '../../core/sym.js';
import { asSym } from '../../ops/composed.js';
import { type Boxes, clipBoxes, cornersOf, joined } from '../../ops/image/boundingBoxes.js';
import type { AffineTransformOptions } from '../../ops/image/sampling.js';
import { type Size, middleOf } from '../../ops/image/sizes.js';
import { affineTransform } from '../../ops/image/transforms.js';
import * as ops from '../../ops/index.js';
import { scaled, transformOf } from './affine.js';
import { BaseGeometricLayer, type GeometricOptions } from './baseGeometric.js';
import { type Factor, factorOf, rangeOf } from './checks.js';
import { type Draws, type ImageSides, perBox } from './draws.js';

/** What `layers.randomZoom` takes. */
export interface RandomZoomOptions extends GeometricOptions {
  /** By what share the height that is seen grows, above -1 and up to 1: the least and the most, or one number f for -f and f. */
  heightFactor: Factor;
  /** The same for the width. Default that of the height: the ratio of the sides stays. */
  widthFactor?: Factor | null;
}

/** What {@link RandomZoom} draws. */
export interface Zooms extends ImageSides {
  /** How much of the height is seen, 1 for all: float32 [n]. */
  readonly heightZoom: Operand;
  /** How much of the width is seen: float32 [n]. */
  readonly widthZoom: Operand;
}

const BOUNDS = { least: -1, most: 1, isOpen: true };

/** Zooms into images, or out of them: made by `layers.randomZoom`, which says more. */
export class RandomZoom extends BaseGeometricLayer<Zooms> {
  static override readonly optionNames = {
    ...BaseGeometricLayer.optionNames,
    heightFactor: 'required',
    widthFactor: 'optional',
  } satisfies OptionNames<RandomZoomOptions>;
  readonly className = 'RandomZoom';
  /** By what share the height that is seen grows. */
  readonly heightFactor: Factor;
  /** By what share the width that is seen grows, where it was given. */
  readonly widthFactor: Factor | undefined;

  constructor(options: RandomZoomOptions) {
    super(options);
    const { heightFactor, widthFactor } = options;
    this.heightFactor = factorOf('randomZoom', 'heightFactor', heightFactor, BOUNDS);
    this.widthFactor =
      widthFactor == null ? undefined : factorOf('randomZoom', 'widthFactor', widthFactor, BOUNDS);
  }

  /** @internal */
  override draw(draws: Draws): Zooms {
    const { height, width } = draws;
    const zoom = (factor: Factor) => draws.uniform(rangeOf(factor).map((share) => 1 + share));
    const heightZoom = zoom(this.heightFactor);
    const widthZoom = this.widthFactor === undefined ? heightZoom : zoom(this.widthFactor);
    return { heightZoom, widthZoom, height, width };
  }

  protected override move(images: Sym, transformation: Zooms, how: AffineTransformOptions): Sym {
    return affineTransform(images, transformOf(around(transformation)), how);
  }

  protected override changeBoxes(given: Boxes, transformation: Zooms): Boxes {
    const { height, width } = transformation;
    const [a0, , a2, , b1, b2] = around(transformation);
    return this.inFormat('xyxy', given, transformation, transformation, ({ boxes, labels }) => {
      // What is seen goes from where pixel 0 comes from to where the end of the image comes from.
      const seen = (x: Sym, factor: Sym, start: Sym, side: Size): Sym => {
        const [from, length] = [perBox(start), perBox(ops.multiply(factor, side))];
        const inside = ops.minimum(ops.maximum(x, from), ops.add(from, length));
        return ops.multiply(ops.divide(ops.subtract(inside, from), length), side);
      };
      const corners = cornersOf(boxes).map((x, i) =>
        i % 2 === 0 ? seen(x, a0, a2, width) : seen(x, b1, b2, height),
      );
      return clipBoxes({ boxes: joined(...corners), labels }, transformation);
    });
  }

  override getConfig() {
    const { heightFactor, widthFactor = null } = this;
    return { ...super.getConfig(), heightFactor, widthFactor };
  }
}

/** The map that scales around the middle of the image. */
const around = ({ heightZoom, widthZoom, height, width }: Zooms) =>
  scaled(asSym(widthZoom), asSym(heightZoom), middleOf(width), middleOf(height));

/**
 * While training, zooms each image by another factor, out of it for positive and into it for negative ones, and its boxes and masks:
 * [n, height, width, channels] of any dtype to float32 of that shape.
 * https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_zoom/
 *
 * @throws EngineError `ARGUMENT` for factors that are not in (-1, 1] and other wrong options; `SHAPE`, when applied, for what are no images.
 * @example layers.randomZoom({ heightFactor: 0.2 });
 */
export const randomZoom = (options: RandomZoomOptions) => new RandomZoom(options);
