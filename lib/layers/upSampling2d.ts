import { EngineError } from '../errors.js';
import type { Shape } from '../engine.js';
import * as ops from '../ops/index.js';
import type { DataFormat, Pair } from '../ops/window.js';
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
  readonly className = 'UpSampling2D';
  readonly options: UpSampling2DOptions;

  constructor(options: UpSampling2DOptions = {}) {
    super(options);
    const { size = 2, interpolation = 'nearest' } = options;
    checkPair('upSampling2d', 'size', size);
    if (!['nearest', 'bilinear'].includes(interpolation)) {
      throw new EngineError(
        'ARGUMENT',
        `[upSampling2d] expected 'nearest' or 'bilinear' as interpolation, received '${interpolation}'`,
      );
    }
    this.options = options;
  }

  override build(shape: Shape): void {
    checkRank(this.name, shape, 4, '[n, height, width, channels]');
  }

  call(x: Sym): Sym {
    return ops.upSampling2d(x, this.options);
  }

  override getConfig() {
    const { size = 2, dataFormat = 'channelsLast', interpolation = 'nearest' } = this.options;
    return { ...super.getConfig(), size, dataFormat, interpolation };
  }
}

/** See {@link UpSampling2D}. @example layers.upSampling2d({ size: 2 }) */
export const upSampling2d = (options?: UpSampling2DOptions) => new UpSampling2D(options);
