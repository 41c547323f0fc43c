import type { OptionNames } from '../../base/checks.js';
import { defaultsOf, withDefaults } from '../../base/defaults.js';
import type { Operand } from '../../core/apply.js';
import type { Sym } from '../../core/sym.js';
import { asSym } from '../../ops/composed.js';
import * as ops from '../../ops/index.js';
import { BaseRandomImageLayer, type RandomImageOptions } from './baseRandomImage.js';
import { type Factor, SHARE, factorRange, valueRangeOf } from './checks.js';
import { type Draws, inRange, perImage } from './draws.js';

/** What `layers.solarization` takes. */
export interface SolarizationOptions extends RandomImageOptions {
  /** What is added first, as a share of 255: the least and the most, or one number f for 0 and f. Default 0. As in Keras the least is no share. */
  additionFactor?: Factor;
  /** Above what pixels are inverted, as a share of 255, in the same way. Default 0. */
  thresholdFactor?: Factor;
  /** The least and the largest number of a pixel. Default [0, 255]. */
  valueRange?: readonly [least: number, most: number];
}

/** What {@link Solarization} draws. */
export interface Solarizations {
  /** What is added, of a range of 255: float32 [n]. */
  readonly additions: Operand;
  /** From what on pixels are inverted, of a range of 255: float32 [n]. */
  readonly thresholds: Operand;
}

const DEFAULTS = defaultsOf<SolarizationOptions>()({ additionFactor: 0, thresholdFactor: 0 });

/** Inverts the bright pixels of images: made by `layers.solarization`, which says more. */
export class Solarization extends BaseRandomImageLayer<Solarizations> {
  static override readonly optionNames = {
    ...BaseRandomImageLayer.optionNames,
    additionFactor: 'optional',
    thresholdFactor: 'optional',
    valueRange: 'optional',
  } satisfies OptionNames<SolarizationOptions>;
  readonly className = 'Solarization';
  /** What is added at least and, as a share, at most. */
  readonly additionFactor: readonly [number, number];
  /** From what on pixels are inverted at least and, as a share, at most. */
  readonly thresholdFactor: readonly [number, number];
  /** The least and the largest number of a pixel. */
  readonly valueRange: readonly [number, number];

  constructor(given: SolarizationOptions = {}) {
    super(given);
    const options = withDefaults(given, DEFAULTS);
    const { additionFactor, thresholdFactor } = options;
    this.additionFactor = factorRange('solarization', 'additionFactor', additionFactor, SHARE);
    this.thresholdFactor = factorRange('solarization', 'thresholdFactor', thresholdFactor, SHARE);
    this.valueRange = valueRangeOf('solarization', options.valueRange);
  }

  /** @internal */
  override draw(draws: Draws): Solarizations {
    const drawn = ([least, most]: readonly [number, number]) => draws.uniform([least, most * 255]);
    return { additions: drawn(this.additionFactor), thresholds: drawn(this.thresholdFactor) };
  }

  protected override changeImages(images: Sym, { additions, thresholds }: Solarizations): Sym {
    const bytes = inRange(images, this.valueRange, [0, 255]);
    const lighter = ops.clip(ops.add(bytes, perImage(asSym(additions))), 0, 255);
    const isDark = ops.less(lighter, perImage(asSym(thresholds)));
    return inRange(ops.where(isDark, lighter, ops.subtract(255, lighter)), [0, 255], this.valueRange);
  }

  override getConfig() {
    const { additionFactor, thresholdFactor, valueRange } = this;
    return { ...super.getConfig(), additionFactor, thresholdFactor, valueRange };
  }
}

/**
 * While training, adds a number to the pixels of each image and inverts those that are then as large as another:
 * [n, height, width, channels] of any dtype to float32 of that shape.
 * https://keras.io/api/layers/preprocessing_layers/image_augmentation/solarization/
 *
 * @throws EngineError `ARGUMENT` for factors that are not from 0 to 1 and other wrong options; `SHAPE`, when applied, for what are no images.
 * @example layers.solarization({ additionFactor: 0.1, thresholdFactor: 0.5 });
 */
export const solarization = (options: SolarizationOptions = {}) => new Solarization(options);
