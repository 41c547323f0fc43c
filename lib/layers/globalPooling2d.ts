import type { Shape } from '../engine.js';
import type { DataFormat } from '../ops/window.js';
import { checkRank } from './check.js';
import { Layer, type LayerOptions } from './layer.js';

export interface GlobalPooling2DOptions extends LayerOptions {
  /** Default `channelsLast`. */
  dataFormat?: DataFormat;
  /** Keep height and width as axes of size 1. Default false. */
  keepDims?: boolean;
}

/** What the global pooling layers share. */
export abstract class GlobalPooling2D extends Layer {
  readonly options: GlobalPooling2DOptions;

  constructor(options: GlobalPooling2DOptions = {}) {
    super(options);
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
