import type { OptionNames } from '../../base/checks.js';
import { defaultsOf, withDefaults } from '../../base/defaults.js';
import type { Operand } from '../../core/apply.js';
import type { Sym } from '../../core/sym.js';
import { asSym } from '../../ops/composed.js';
import * as ops from '../../ops/index.js';
import { BaseRandomImageLayer, type RandomImageOptions } from './baseRandomImage.js';
import { type Factor, SHARE, factorRange, pairOf } from './checks.js';
import { type Draws, perImage } from './draws.js';

/** What `layers.randomInvert` takes. */
export interface RandomInvertOptions extends RandomImageOptions {
  /** How probable it is that an image is inverted: drawn for each between two numbers, or 0 and one number. Default 1. */
  factor?: Factor;
  /** The least and the largest number of a pixel. Default [0, 255]. */
  valueRange?: readonly [least: number, most: number];
}

/** What {@link RandomInvert} draws. */
export interface Inversions {
  /** Which images are inverted: bool [n]. */
  readonly applyInversion: Operand;
}

const DEFAULTS = defaultsOf<RandomInvertOptions>()({ factor: 1, valueRange: [0, 255] });

/** Inverts images: made by `layers.randomInvert`, which says more. */
export class RandomInvert extends BaseRandomImageLayer<Inversions> {
  static override readonly optionNames = {
    ...BaseRandomImageLayer.optionNames,
    factor: 'optional',
    valueRange: 'optional',
  } satisfies OptionNames<RandomInvertOptions>;
  readonly className = 'RandomInvert';
  /** Between which numbers the probability is drawn. */
  readonly factor: readonly [number, number];
  /** The least and the largest number of a pixel. */
  readonly valueRange: readonly [number, number];

  constructor(given: RandomInvertOptions = {}) {
    super(given);
    const options = withDefaults(given, DEFAULTS);
    this.factor = factorRange('randomInvert', 'factor', options.factor, SHARE);
    this.valueRange = pairOf('randomInvert', 'valueRange', options.valueRange);
  }

  /** @internal */
  override draw(draws: Draws): Inversions {
    return { applyInversion: draws.happens(this.factor) };
  }

  protected override changeImages(images: Sym, { applyInversion }: Inversions): Sym {
    const inverted = ops.subtract(this.valueRange[1], images);
    return ops.where(perImage(asSym(applyInversion)), inverted, images);
  }

  override getConfig() {
    const { factor, valueRange } = this;
    return { ...super.getConfig(), factor, valueRange };
  }
}

/**
 * While training, replaces the pixels of some images by the largest number less them:
 * [n, height, width, channels] of any dtype to float32 of that shape.
 * https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_invert/
 *
 * @throws EngineError `ARGUMENT` for probabilities that are not from 0 to 1 and other wrong options; `SHAPE`, when applied, for what are no images.
 * @example layers.randomInvert({ factor: 0.5 });
 */
export const randomInvert = (options: RandomInvertOptions = {}) => new RandomInvert(options);
