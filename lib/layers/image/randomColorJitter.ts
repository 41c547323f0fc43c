import type { OptionNames } from '../../base/checks.js';
import type { Sym } from '../../core/sym.js';
import { BaseRandomImageLayer, type RandomImageOptions } from './baseRandomImage.js';
import { type Factor, valueRangeOf } from './checks.js';
import type { Draws } from './draws.js';
import { RandomBrightness, type Brightenings } from './randomBrightness.js';
import { type Contrasts, RandomContrast } from './randomContrast.js';
import { type Hues, RandomHue } from './randomHue.js';
import { RandomSaturation, type Saturations } from './randomSaturation.js';

/** What `layers.randomColorJitter` takes: a step without a factor is left out. */
export interface RandomColorJitterOptions extends RandomImageOptions {
  /** The least and the largest number of a pixel. Default [0, 255]. */
  valueRange?: readonly [least: number, most: number];
  /** As `factor` of `layers.randomBrightness`. Default none. */
  brightnessFactor?: Factor | null;
  /** As `factor` of `layers.randomContrast`. Default none. */
  contrastFactor?: Factor | null;
  /** As `factor` of `layers.randomSaturation`. Default none. */
  saturationFactor?: Factor | null;
  /** As `factor` of `layers.randomHue`. Default none. */
  hueFactor?: Factor | null;
}

/** What {@link RandomColorJitter} draws: what each of its steps draws. */
export interface Jitters {
  /** Of the brightness. */
  readonly brightness: Brightenings | undefined;
  /** Of the contrast. */
  readonly contrast: Contrasts | undefined;
  /** Of the saturation. */
  readonly saturation: Saturations | undefined;
  /** Of the hue. */
  readonly hue: Hues | undefined;
}

/** Changes the colours of images: made by `layers.randomColorJitter`, which says more. */
export class RandomColorJitter extends BaseRandomImageLayer<Jitters> {
  static override readonly optionNames = {
    ...BaseRandomImageLayer.optionNames,
    valueRange: 'optional',
    brightnessFactor: 'optional',
    contrastFactor: 'optional',
    saturationFactor: 'optional',
    hueFactor: 'optional',
  } satisfies OptionNames<RandomColorJitterOptions>;
  readonly className = 'RandomColorJitter';
  /** The least and the largest number of a pixel. */
  readonly valueRange: readonly [number, number];
  readonly #brightness: RandomBrightness | undefined;
  readonly #contrast: RandomContrast | undefined;
  readonly #saturation: RandomSaturation | undefined;
  readonly #hue: RandomHue | undefined;
  readonly #factors: Readonly<Record<string, Factor | null>>;

  constructor(options: RandomColorJitterOptions = {}) {
    super(options);
    const { brightnessFactor, contrastFactor, saturationFactor, hueFactor } = options;
    const { dataFormat } = this;
    const valueRange = (this.valueRange = valueRangeOf('randomColorJitter', options.valueRange));
    const step = <L>(factor: Factor | null | undefined, make: (factor: Factor) => L): L | undefined =>
      factor == null ? undefined : make(factor);
    this.#brightness = step(
      brightnessFactor,
      (factor) => new RandomBrightness({ factor, valueRange, dataFormat }),
    );
    this.#contrast = step(contrastFactor, (factor) => new RandomContrast({ factor, valueRange, dataFormat }));
    this.#saturation = step(
      saturationFactor,
      (factor) => new RandomSaturation({ factor, valueRange, dataFormat }),
    );
    this.#hue = step(hueFactor, (factor) => new RandomHue({ factor, valueRange, dataFormat }));
    this.#factors = {
      brightnessFactor: brightnessFactor ?? null,
      contrastFactor: contrastFactor ?? null,
      saturationFactor: saturationFactor ?? null,
      hueFactor: hueFactor ?? null,
    };
  }

  /** @internal */
  override draw(draws: Draws): Jitters {
    return {
      brightness: this.#brightness?.draw(draws),
      contrast: this.#contrast?.draw(draws),
      saturation: this.#saturation?.draw(draws),
      hue: this.#hue?.draw(draws),
    };
  }

  protected override changeImages(images: Sym, jitters: Jitters): Sym {
    let x = images;
    if (jitters.brightness) x = this.#brightness?.transformImages(x, jitters.brightness) ?? x;
    if (jitters.contrast) x = this.#contrast?.transformImages(x, jitters.contrast) ?? x;
    if (jitters.saturation) x = this.#saturation?.transformImages(x, jitters.saturation) ?? x;
    if (jitters.hue) x = this.#hue?.transformImages(x, jitters.hue) ?? x;
    return x;
  }

  override getConfig() {
    return { ...super.getConfig(), valueRange: this.valueRange, ...this.#factors };
  }
}

/**
 * While training, changes the brightness, contrast, saturation and hue of each image, in this order:
 * [n, height, width, 3] of any dtype to float32 of that shape.
 * https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_color_jitter/
 *
 * @throws EngineError `ARGUMENT` for factors that the four layers refuse, and other wrong options; `SHAPE`, when applied, for what are no
 *   images of 3 channels.
 * @example layers.randomColorJitter({ brightnessFactor: 0.2, contrastFactor: 0.2, hueFactor: 0.1 });
 */
export const randomColorJitter = (options: RandomColorJitterOptions = {}) => new RandomColorJitter(options);
