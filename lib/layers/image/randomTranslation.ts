import type { OptionNames } from '../../base/checks.js';
import { atLeast, mapTuple } from '../../base/list.js';
import type { Operand } from '../../core/apply.js';
import type { Sym } from '../../core/sym.js';
import { asSym } from '../../ops/composed.js';
import { type Boxes, clipBoxes } from '../../ops/image/boundingBoxes.js';
import type { AffineTransformOptions } from '../../ops/image/sampling.js';
import type { Size } from '../../ops/image/sizes.js';
import { affineTransform } from '../../ops/image/transforms.js';
import * as ops from '../../ops/index.js';
import { shifted, transformOf } from './affine.js';
import { BaseGeometricLayer, type GeometricOptions } from './baseGeometric.js';
import { type Factor, factorOf, rangeOf } from './checks.js';
import { type Draws, type ImageSides, perBox } from './draws.js';

/** What `layers.randomTranslation` takes. */
export interface RandomTranslationOptions extends GeometricOptions {
  /** How far down, as a share of the height from -1 to 1: the least and the most, or one number f for -f and f. */
  heightFactor: Factor;
  /** How far to the right, as a share of the width. */
  widthFactor: Factor;
}

/** What {@link RandomTranslation} draws. */
export interface Translations extends ImageSides {
  /** How far to the right and down, in pixels: float32 [n, 2]. */
  readonly translations: Operand;
}

const BOUNDS = { least: -1, most: 1 };

/** Moves images: made by `layers.randomTranslation`, which says more. */
export class RandomTranslation extends BaseGeometricLayer<Translations> {
  static override readonly optionNames = {
    ...BaseGeometricLayer.optionNames,
    heightFactor: 'required',
    widthFactor: 'required',
  } satisfies OptionNames<RandomTranslationOptions>;
  readonly className = 'RandomTranslation';
  /** How far down, as a share of the height. */
  readonly heightFactor: Factor;
  /** How far to the right, as a share of the width. */
  readonly widthFactor: Factor;

  constructor(options: RandomTranslationOptions) {
    super(options);
    const { heightFactor, widthFactor } = options;
    this.heightFactor = factorOf('randomTranslation', 'heightFactor', heightFactor, BOUNDS);
    this.widthFactor = factorOf('randomTranslation', 'widthFactor', widthFactor, BOUNDS);
  }

  /** @internal */
  override draw(draws: Draws): Translations {
    const { height, width } = draws;
    const pixels = (factor: Factor, side: Size) => ops.multiply(draws.uniform(rangeOf(factor)), side);
    const down = pixels(this.heightFactor, height);
    return {
      translations: ops.stack([pixels(this.widthFactor, width), down], { axis: -1 }),
      height,
      width,
    };
  }

  protected override move(images: Sym, { translations }: Translations, how: AffineTransformOptions): Sym {
    // The image shows at each place what was at another: things move the other way.
    const [across, down] = mapTuple(waysOf(translations), (way) => ops.negative(way));
    return affineTransform(images, transformOf(shifted(across, down)), how);
  }

  protected override changeBoxes(given: Boxes, transformation: Translations): Boxes {
    const [across, down] = mapTuple(waysOf(transformation.translations), perBox);
    return this.inFormat('xyxy', given, transformation, transformation, ({ boxes, labels }) => {
      const ways = ops.concatenate([across, down, across, down], { axis: -1 });
      return clipBoxes({ boxes: ops.add(boxes, ways), labels }, transformation);
    });
  }

  override getConfig() {
    const { heightFactor, widthFactor } = this;
    return { ...super.getConfig(), heightFactor, widthFactor };
  }
}

/** How far to the right and down, each [n]. */
const waysOf = (translations: Operand) => atLeast(ops.unstack(asSym(translations), { axis: 1 }), 2);

/**
 * While training, moves each image another way, and its boxes and masks:
 * [n, height, width, channels] of any dtype to float32 of that shape.
 * https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_translation/
 *
 * @throws EngineError `ARGUMENT` for factors beyond -1 and 1 and other wrong options; `SHAPE`, when applied, for what are no images.
 * @example layers.randomTranslation({ heightFactor: 0.1, widthFactor: [-0.2, 0.2] });
 */
export const randomTranslation = (options: RandomTranslationOptions) => new RandomTranslation(options);
