import type { OptionNames } from '../../base/checks.js';
import type { Operand } from '../../core/apply.js';
import type { Sym } from '../../core/sym.js';
import { asSym } from '../../ops/composed.js';
import { type Boxes, clipBoxes, movedBoxes } from '../../ops/image/boundingBoxes.js';
import type { AffineTransformOptions } from '../../ops/image/sampling.js';
import { middleOf } from '../../ops/image/sizes.js';
import { affineTransform } from '../../ops/image/transforms.js';
import * as ops from '../../ops/index.js';
import { transformOf, turned } from './affine.js';
import { BaseGeometricLayer, type GeometricOptions } from './baseGeometric.js';
import { type Factor, factorRange } from './checks.js';
import type { Draws, ImageSides } from './draws.js';

/** What `layers.randomRotation` takes. */
export interface RandomRotationOptions extends GeometricOptions {
  /**
   * The angles, as shares of a full turn from -1 to 1: the least and the most, or one number f for -f and f. Positive ones turn
   * counterclockwise.
   */
  factor: Factor;
}

/** What {@link RandomRotation} draws. */
export interface Rotations extends ImageSides {
  /** In degrees, float32 [n]. */
  readonly angle: Operand;
}

/** Turns images: made by `layers.randomRotation`, which says more. */
export class RandomRotation extends BaseGeometricLayer<Rotations> {
  static override readonly optionNames = {
    ...BaseGeometricLayer.optionNames,
    factor: 'required',
  } satisfies OptionNames<RandomRotationOptions>;
  readonly className = 'RandomRotation';
  /** The least and the largest angle, as shares of a full turn. */
  readonly factor: readonly [number, number];

  constructor(options: RandomRotationOptions) {
    super(options);
    this.factor = factorRange('randomRotation', 'factor', options.factor, { least: -1, most: 1 });
  }

  /** @internal */
  override draw(draws: Draws): Rotations {
    const { height, width } = draws;
    return { angle: draws.uniform(this.factor.map((share) => share * 360)), height, width };
  }

  protected override move(images: Sym, transformation: Rotations, how: AffineTransformOptions): Sym {
    return affineTransform(images, transformOf(around(transformation, 1)), how);
  }

  protected override changeBoxes(given: Boxes, transformation: Rotations): Boxes {
    return this.inFormat('xyxy', given, transformation, transformation, ({ boxes, labels }) =>
      // The image shows at each place what was at another: things move the other way.
      clipBoxes({ boxes: movedBoxes(boxes, around(transformation, -1)), labels }, transformation),
    );
  }

  override getConfig() {
    return { ...super.getConfig(), factor: this.factor };
  }
}

/** The turn around the middle of the image. */
const around = ({ angle, height, width }: Rotations, sign: 1 | -1) =>
  turned(ops.multiply(asSym(angle), (sign * Math.PI) / 180), middleOf(width), middleOf(height));

/**
 * While training, turns each image by another angle around its middle, and its boxes and masks:
 * [n, height, width, channels] of any dtype to float32 of that shape.
 * https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_rotation/
 *
 * @throws EngineError `ARGUMENT` for angles beyond a full turn and other wrong options; `SHAPE`, when applied, for what are no images.
 * @example layers.randomRotation({ factor: 0.1 });
 */
export const randomRotation = (options: RandomRotationOptions) => new RandomRotation(options);
