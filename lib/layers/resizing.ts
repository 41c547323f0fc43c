import { type OptionNames, expected, finite, integer, oneOf } from '../base/checks.js';
import { defaultsOf, withDefaults } from '../base/defaults.js';
import type { Sym } from '../core/sym.js';
import { type ResizeOptions, resize } from '../ops/image/resize.js';
import { INTERPOLATIONS } from '../ops/image/weights.js';
import { dataFormatOf } from '../ops/window.js';
import { Layer, type LayerOptions } from './layer.js';

/** What `layers.resizing` takes. */
export interface ResizingOptions extends LayerOptions, ResizeOptions {
  /** The height of the images that come out. */
  height: number;
  /** Their width. */
  width: number;
}

const DEFAULTS = defaultsOf<ResizingOptions>()({
  interpolation: 'bilinear',
  fillMode: 'constant',
  fillValue: 0,
  cropToAspectRatio: false,
  padToAspectRatio: false,
  antialias: false,
});

/** Images of another size: made by `layers.resizing`, which says more. */
export class Resizing extends Layer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    height: 'required',
    width: 'required',
    interpolation: 'optional',
    cropToAspectRatio: 'boolean',
    padToAspectRatio: 'boolean',
    fillMode: 'optional',
    fillValue: 'optional',
    antialias: 'boolean',
    dataFormat: 'optional',
  } satisfies OptionNames<ResizingOptions>;
  readonly className = 'Resizing';
  /** The height of what comes out. */
  readonly height: number;
  /** Its width. */
  readonly width: number;
  readonly #how: Required<ResizeOptions>;

  constructor(given: ResizingOptions) {
    super(given);
    const options = withDefaults(given, DEFAULTS);
    const who = 'resizing';
    const { cropToAspectRatio, padToAspectRatio, antialias } = options;
    this.height = integer(who, 'height', options.height);
    this.width = integer(who, 'width', options.width);
    if (cropToAspectRatio && padToAspectRatio)
      throw expected(who, 'one of cropToAspectRatio and padToAspectRatio', 'both');
    this.#how = {
      interpolation: oneOf(who, 'interpolation', options.interpolation, INTERPOLATIONS),
      cropToAspectRatio,
      padToAspectRatio,
      fillMode: oneOf(who, 'fillMode', options.fillMode, ['constant']),
      fillValue: finite(who, 'fillValue', options.fillValue),
      antialias,
      dataFormat: dataFormatOf(who, options.dataFormat),
    };
  }

  call(x: Sym): Sym {
    return resize(x, [this.height, this.width], this.#how);
  }

  override getConfig() {
    return { ...super.getConfig(), height: this.height, width: this.width, ...this.#how };
  }
}

/**
 * Gives images another height and width: [n, height, width, channels] to [n, the options' height and width, channels]. With
 * `padToAspectRatio` the sides of the images have to be known; uint8 and int32 are rounded and keep their dtype. It has no weights.
 * https://keras.io/api/layers/preprocessing_layers/image_preprocessing/resizing/
 *
 * @throws EngineError `ARGUMENT` for sides that are no positive integers, unknown interpolations, and both ways to keep the ratio of the
 *   sides; `SHAPE`, when applied, for what are no images.
 * @example layers.resizing({ height: 64, width: 64, antialias: true });
 */
export const resizing = (options: ResizingOptions) => new Resizing(options);
