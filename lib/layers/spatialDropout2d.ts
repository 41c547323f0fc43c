import type { OptionNames } from '../checks.js';
import type { Shape } from '../engine.js';
import * as ops from '../ops/index.js';
import { type DataFormat, dataFormatOf } from '../ops/window.js';
import type { Sym } from '../sym.js';
import { checkRank } from './check.js';
import { Dropout, type DropoutOptions } from './dropout.js';
import type { CallContext } from './layer.js';

export interface SpatialDropout2DOptions extends DropoutOptions {
  /** Default `channelsLast`. */
  dataFormat?: DataFormat;
}

/**
 * As dropout, of whole channels: neighbours in a picture are alike, so that single ones would not be missed. Tompson et al., 2014.
 * https://keras.io/api/layers/regularization_layers/spatial_dropout2d/
 */
export class SpatialDropout2D extends Dropout {
  static override readonly optionNames = {
    ...Dropout.optionNames,
    dataFormat: 'optional',
  } satisfies OptionNames<SpatialDropout2DOptions>;
  override readonly className = 'SpatialDropout2D';
  readonly dataFormat: DataFormat;

  constructor(options: SpatialDropout2DOptions) {
    super(options);
    this.dataFormat = dataFormatOf('spatialDropout2d', options.dataFormat);
  }

  override build(shape: Shape): void {
    checkRank(this.name, shape, 4, '[n, height, width, channels]');
  }

  override call(x: Sym, { training, key }: CallContext): Sym {
    if (!training || this.rate === 0) return x;
    const places = this.dataFormat === 'channelsFirst' ? [Infinity, Infinity, 1, 1] : [Infinity, 1, 1];
    const { trace } = x;
    const [ones] = trace.op('broadcastLike', [trace.constant(1), ops.stridedSlice(x, [0, 0, 0, 0], places)]);
    return ops.mul(x, this.drop(ones, key));
  }

  override getConfig() {
    return { ...super.getConfig(), dataFormat: this.dataFormat };
  }
}

/** See {@link SpatialDropout2D}. @example layers.spatialDropout2d({ rate: 0.2 }) */
export const spatialDropout2d = (options: SpatialDropout2DOptions) => new SpatialDropout2D(options);
