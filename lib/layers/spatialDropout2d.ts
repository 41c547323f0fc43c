import type { OptionNames } from '../base/checks.js';
import type { Shape } from '../engine/engine.js';
import * as ops from '../ops/index.js';
import { type DataFormat, dataFormatOf } from '../ops/window.js';
import type { Sym } from '../core/sym.js';
import { checkRank } from './check.js';
import { Dropout, type DropoutOptions } from './dropout.js';
import type { CallContext } from './layer.js';

/** What `layers.spatialDropout2d` takes. */
export interface SpatialDropout2DOptions extends DropoutOptions {
  /** The order of the axes: `channelsLast`, [n, height, width, channels], or `channelsFirst`, [n, channels, height, width]. Default `channelsLast`. */
  dataFormat?: DataFormat;
}

/** Drops channels of images while training: made by `layers.spatialDropout2d`, which says more. */
export class SpatialDropout2D extends Dropout {
  static override readonly optionNames = {
    ...Dropout.optionNames,
    dataFormat: 'optional',
  } satisfies OptionNames<SpatialDropout2DOptions>;
  override readonly className = 'SpatialDropout2D';
  /** The order of the axes. */
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
    return ops.multiply(x, this.drop(ones, key));
  }

  override getConfig() {
    return { ...super.getConfig(), dataFormat: this.dataFormat };
  }
}

/**
 * As {@link dropout}, of whole channels of images [n, height, width, channels]: neighbours in a picture are alike, so that single
 * numbers would not be missed. It has no weights. Tompson et al., 2014.
 * https://keras.io/api/layers/regularization_layers/spatial_dropout2d/
 *
 * @throws EngineError `ARGUMENT` for a rate outside of [0, 1) or a seed that is no integer; `SHAPE`, when applied, for another rank.
 * @example layers.spatialDropout2d({ rate: 0.2 });
 */
export const spatialDropout2d = (options: SpatialDropout2DOptions) => new SpatialDropout2D(options);
