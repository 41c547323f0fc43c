import { type OptionNames, finite, oneOf } from '../../base/checks.js';
import { defaultsOf, withDefaults } from '../../base/defaults.js';
import { factoryName } from '../../base/names.js';
import type { Sym } from '../../core/sym.js';
import type { AffineTransformOptions } from '../../ops/image/sampling.js';
import { BaseRandomImageLayer, type RandomImageOptions } from './baseRandomImage.js';

const FILL_MODES = ['reflect', 'wrap', 'constant', 'nearest'] as const;
const INTERPOLATIONS = ['nearest', 'bilinear'] as const;

/** What layers take that read images between their pixels. */
export interface GeometricOptions extends RandomImageOptions {
  /**
   * What is beyond the border of `a b c d`: `reflect`, `d c b a` and `d c b a`; `constant`, `fillValue`; `wrap`, `a b c d` again; `nearest`,
   * `a a a a` and `d d d d`. Default `reflect`.
   */
  fillMode?: (typeof FILL_MODES)[number];
  /** The nearest pixel, or a straight line between pixels. Masks take the nearest. Default `bilinear`. */
  interpolation?: (typeof INTERPOLATIONS)[number];
  /** Default 0. */
  fillValue?: number;
}

const DEFAULTS = defaultsOf<GeometricOptions>()({
  fillMode: 'reflect',
  interpolation: 'bilinear',
  fillValue: 0,
});

/** What layers share that move the pixels of images, and of their masks with them. */
export abstract class BaseGeometricLayer<T extends object> extends BaseRandomImageLayer<T> {
  static override readonly optionNames = {
    ...BaseRandomImageLayer.optionNames,
    fillMode: 'optional',
    interpolation: 'optional',
    fillValue: 'optional',
  } satisfies OptionNames<GeometricOptions>;
  /** What is beyond the border. */
  readonly fillMode: (typeof FILL_MODES)[number];
  /** How images are read between pixels. */
  readonly interpolation: (typeof INTERPOLATIONS)[number];
  /** What is beyond the border where `fillMode` is `constant`. */
  readonly fillValue: number;

  constructor(given: GeometricOptions) {
    super(given);
    const options = withDefaults(given, DEFAULTS);
    const who = factoryName(new.target.name);
    this.fillMode = oneOf(who, 'fillMode', options.fillMode, FILL_MODES);
    this.interpolation = oneOf(who, 'interpolation', options.interpolation, INTERPOLATIONS);
    this.fillValue = finite(who, 'fillValue', options.fillValue);
  }

  /** Images or masks with their pixels moved; for a subclass. */
  protected abstract move(images: Sym, transformation: T, how: AffineTransformOptions): Sym;

  protected override changeImages(images: Sym, transformation: T): Sym {
    return this.move(images, transformation, this.#how(this.interpolation));
  }

  protected override changeMasks(masks: Sym, transformation: T): Sym {
    return this.move(masks, transformation, this.#how('nearest'));
  }

  #how(interpolation: (typeof INTERPOLATIONS)[number]): AffineTransformOptions {
    const { fillMode, fillValue, dataFormat } = this;
    return { fillMode, fillValue, dataFormat, interpolation };
  }

  override getConfig(): Record<string, unknown> {
    const { fillMode, interpolation, fillValue } = this;
    return { ...super.getConfig(), fillMode, interpolation, fillValue };
  }
}
