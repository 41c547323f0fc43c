import { factoryName } from '../base/names.js';
import { type OptionNames, oneOf } from '../base/checks.js';
import type { Shape } from '../engine/engine.js';
import { type DataFormat, type Pair, dataFormatOf, pair } from '../ops/window.js';
import type { Sym } from '../core/sym.js';
import { checkPair, checkRank } from './check.js';
import { Layer, type LayerOptions } from './layer.js';

/** What the pooling layers take. */
export interface Pooling2DOptions extends LayerOptions {
  /** The height and width of the window, or one number for both. Default 2. */
  poolSize?: Pair;
  /** The steps between windows, down and to the right, or one number for both. Default: `poolSize`. */
  strides?: Pair | null;
  /** `valid`: windows lie within the image; `same`: they reach over its sides, so that each step has one. Default `valid`. */
  padding?: 'valid' | 'same';
  /** The order of the axes: `channelsLast`, [n, height, width, channels], or `channelsFirst`, [n, channels, height, width]. Default `channelsLast`. */
  dataFormat?: DataFormat;
}

/** What the pooling layers share: a leaf names the op. */
export abstract class Pooling2D extends Layer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    poolSize: 'optional',
    strides: 'optional',
    padding: 'optional',
    dataFormat: 'optional',
  } satisfies OptionNames<Pooling2DOptions>;
  /** The options as given. */
  readonly options: Pooling2DOptions;

  constructor(options: Pooling2DOptions = {}) {
    super(options);
    const who = factoryName(new.target.name);
    checkPair(who, 'poolSize', options.poolSize ?? 2);
    if (options.strides != null) checkPair(who, 'strides', options.strides);
    oneOf(who, 'padding', options.padding ?? 'valid', ['valid', 'same']);
    dataFormatOf(who, options.dataFormat);
    this.options = options;
  }

  override build(shape: Shape): void {
    checkRank(factoryName(this.className), shape, 4, '[n, height, width, channels]');
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
