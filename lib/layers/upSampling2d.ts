import { type OptionNames, oneOf } from '../checks.js';
import type { Shape } from '../engine.js';
import * as ops from '../ops/index.js';
import { type DataFormat, type Pair, dataFormatOf } from '../ops/window.js';
import type { Sym } from '../sym.js';
import { checkPair, checkRank } from './check.js';
import { Layer, type LayerOptions } from './layer.js';

export interface UpSampling2DOptions extends LayerOptions {
  /** How many times as high and wide. Default 2. */
  size?: Pair;
  /** Default `channelsLast`. */
  dataFormat?: DataFormat;
  /** Default `nearest`: each number becomes a rectangle of equal ones. */
  interpolation?: 'nearest' | 'bilinear';
}

/** Larger images: [n, height, width, channels] to [n, height · size, width · size, channels]. https://keras.io/api/layers/reshaping_layers/up_sampling2d/ */
export class UpSampling2D extends Layer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    size: 'optional',
    dataFormat: 'optional',
    interpolation: 'optional',
  } satisfies OptionNames<UpSampling2DOptions>;
  readonly className = 'UpSampling2D';
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

/** See {@link UpSampling2D}. @example layers.upSampling2d({ size: 2 }) */
export const upSampling2d = (options?: UpSampling2DOptions) => new UpSampling2D(options);
