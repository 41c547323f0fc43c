import { type OptionNames, fraction } from '../../base/checks.js';
import { defaultsOf, withDefaults } from '../../base/defaults.js';
import type { Operand } from '../../core/apply.js';
import type { Sym } from '../../core/sym.js';
import { asSym } from '../../ops/composed.js';
import { rgbToGrayscale } from '../../ops/image/color.js';
import * as ops from '../../ops/index.js';
import { BaseRandomImageLayer, type RandomImageOptions } from './baseRandomImage.js';
import { type Draws, perImage } from './draws.js';

/** What `layers.randomGrayscale` takes. */
export interface RandomGrayscaleOptions extends RandomImageOptions {
  /** How probable it is that an image becomes gray, from 0 to 1. Default 0.5. */
  factor?: number;
}

/** What {@link RandomGrayscale} draws. */
export interface Grayscales {
  /** Which images become gray: bool [n]. */
  readonly shouldApply: Operand;
}

const DEFAULTS = defaultsOf<RandomGrayscaleOptions>()({ factor: 0.5 });

/** Makes images gray: made by `layers.randomGrayscale`, which says more. */
export class RandomGrayscale extends BaseRandomImageLayer<Grayscales> {
  static override readonly optionNames = {
    ...BaseRandomImageLayer.optionNames,
    factor: 'optional',
  } satisfies OptionNames<RandomGrayscaleOptions>;
  readonly className = 'RandomGrayscale';
  /** How probable it is that an image becomes gray. */
  readonly factor: number;

  constructor(given: RandomGrayscaleOptions = {}) {
    super(given);
    const options = withDefaults(given, DEFAULTS);
    this.factor = fraction('randomGrayscale', 'factor', options.factor);
  }

  /** @internal */
  override draw(draws: Draws): Grayscales {
    return { shouldApply: ops.less(draws.uniform(), this.factor) };
  }

  protected override changeImages(images: Sym, { shouldApply }: Grayscales): Sym {
    const gray = rgbToGrayscale(images, { dataFormat: this.dataFormat });
    return ops.where(perImage(asSym(shouldApply)), gray, images);
  }

  override getConfig() {
    const { factor } = this;
    return { ...super.getConfig(), factor };
  }
}

/**
 * While training, makes a share of the images gray, all channels alike:
 * [n, height, width, 3 or 1] of any dtype to float32 of that shape.
 * https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_grayscale/
 *
 * @throws EngineError `ARGUMENT` for a factor that is not from 0 to 1 and other wrong options; `SHAPE`, when applied, for what are no images of 3 channels.
 * @example layers.randomGrayscale({ factor: 0.2 });
 */
export const randomGrayscale = (options: RandomGrayscaleOptions = {}) => new RandomGrayscale(options);
