import type { Shape } from '../engine.js';
import { type DataFormat, type Pair, pair } from '../ops/window.js';
import type { Sym } from '../sym.js';
import { checkPair, checkRank } from './check.js';
import { Layer, type LayerOptions } from './layer.js';

export interface Pooling2DOptions extends LayerOptions {
  /** The window. Default 2. */
  poolSize?: Pair;
  /** Default `poolSize`. */
  strides?: Pair | null;
  /** Default `valid`. */
  padding?: 'valid' | 'same';
  /** Default `channelsLast`. */
  dataFormat?: DataFormat;
}

/** What the pooling layers share: a leaf names the op. */
export abstract class Pooling2D extends Layer {
  readonly options: Pooling2DOptions;

  constructor(options: Pooling2DOptions = {}) {
    super(options);
    checkPair('pooling2d', 'poolSize', options.poolSize ?? 2);
    if (options.strides != null) checkPair('pooling2d', 'strides', options.strides);
    this.options = options;
  }

  override build(shape: Shape): void {
    checkRank('pooling2d', shape, 4, '[n, height, width, channels]');
  }

  call(x: Sym): Sym {
    const { poolSize, strides, padding, dataFormat } = this.options;
    return this.pool(x, { poolSize, strides: strides ?? undefined, padding, dataFormat });
  }

  protected abstract pool(
    x: Sym,
    options: Omit<Pooling2DOptions, 'strides' | keyof LayerOptions> & { strides?: Pair },
  ): Sym;

  override getConfig() {
    const { poolSize = 2, strides, padding = 'valid', dataFormat = 'channelsLast' } = this.options;
    return {
      ...super.getConfig(),
      poolSize: pair(poolSize),
      strides: pair(strides ?? poolSize),
      padding,
      dataFormat,
    };
  }
}
