import { type OptionNames, oneOf } from '../base/checks.js';
import type { Shape } from '../engine/engine.js';
import * as ops from '../ops/index.js';
import { type DataFormat, type Pair, dataFormatOf } from '../ops/window.js';
import type { Sym } from '../core/sym.js';
import { checkPair, checkRank } from './check.js';
import { Layer, type LayerOptions } from './layer.js';

/** What `layers.upSampling2d` takes. */
export interface UpSampling2DOptions extends LayerOptions {
  /** How many times as high and wide the images become, or one number for both. Default 2. */
  size?: Pair;
  /** The order of the axes: `channelsLast`, [n, height, width, channels], or `channelsFirst`, [n, channels, height, width]. Default `channelsLast`. */
  dataFormat?: DataFormat;
  /** `nearest`: each number becomes a rectangle of equal ones; `bilinear`: straight lines between them. Default `nearest`. */
  interpolation?: 'nearest' | 'bilinear';
}

/** Larger images: made by `layers.upSampling2d`, which says more. */
export class UpSampling2D extends Layer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    size: 'optional',
    dataFormat: 'optional',
    interpolation: 'optional',
  } satisfies OptionNames<UpSampling2DOptions>;
  readonly className = 'UpSampling2D';
  /** The options as given. */
  readonly options: UpSampling2DOptions;

  constructor(options: UpSampling2DOptions = {}) {
    super(options);
    const { size = 2, interpolation = 'nearest' } = options;
    checkPair('upSampling2d', 'size', size);
    oneOf('upSampling2d', 'interpolation', interpolation, ['nearest', 'bilinear']);
    dataFormatOf('upSampling2d', options.dataFormat);
    this.options = options;
  }

  override build(shape: Shape): void {
    checkRank(this.name, shape, 4, '[n, height, width, channels]');
  }

  call(x: Sym): Sym {
    const { size, dataFormat, interpolation } = this.options;
    return ops.upSampling2d(x, { size, dataFormat, interpolation });
  }

  override getConfig() {
    const { size = 2, dataFormat = 'channelsLast', interpolation = 'nearest' } = this.options;
    return { ...super.getConfig(), size, dataFormat, interpolation };
  }
}

/**
 * Enlarges images: [n, height, width, channels] to [n, height · size, width · size, channels]. It has no weights.
 * https://keras.io/api/layers/reshaping_layers/up_sampling2d/
 *
 * @throws EngineError `ARGUMENT` for a size that is no positive integer and unknown names; `SHAPE`, when applied, for another rank.
 * @example layers.upSampling2d({ size: 2, interpolation: 'bilinear' });
 */
export const upSampling2d = (options?: UpSampling2DOptions) => new UpSampling2D(options);
