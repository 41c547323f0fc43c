import { factoryName } from '../base/names.js';
import type { OptionNames } from '../base/checks.js';
import type { Shape } from '../engine/engine.js';
import { type DataFormat, dataFormatOf } from '../ops/window.js';
import { checkRank } from './check.js';
import { Layer, type LayerOptions } from './layer.js';

/** What the global pooling layers take. */
export interface GlobalPooling2DOptions extends LayerOptions {
  /** The order of the axes: `channelsLast`, [n, height, width, channels], or `channelsFirst`, [n, channels, height, width]. Default `channelsLast`. */
  dataFormat?: DataFormat;
  /** Keep height and width as axes of size 1. Default false. */
  keepDims?: boolean;
}

/** What the global pooling layers share. */
export abstract class GlobalPooling2D extends Layer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    dataFormat: 'optional',
    keepDims: 'boolean',
  } satisfies OptionNames<GlobalPooling2DOptions>;
  /** The options as given. */
  readonly options: GlobalPooling2DOptions;

  constructor(options: GlobalPooling2DOptions = {}) {
    super(options);
    dataFormatOf(factoryName(new.target.name), options.dataFormat);
    this.options = options;
  }

  override build(shape: Shape): void {
    checkRank('globalPooling2d', shape, 4, '[n, height, width, channels]');
  }

  override getConfig() {
    const { dataFormat = 'channelsLast', keepDims = false } = this.options;
    return { ...super.getConfig(), dataFormat, keepDims };
  }
}
