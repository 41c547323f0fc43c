import type { OptionNames } from '../base/checks.js';
import type { Shape } from '../engine/engine.js';
import * as ops from '../ops/index.js';
import { type DataFormat, dataFormatOf } from '../ops/window.js';
import type { Sym } from '../core/sym.js';
import { checkRank } from './check.js';
import { Layer } from './layer.js';
import { type MarginOptions, type Margins, marginsOf } from './margins.js';

/** What `layers.zeroPadding2d` takes. */
export interface ZeroPadding2DOptions extends MarginOptions {
  /** How many rows and columns come: one number for all sides, one for height and one for width, or [[top, bottom], [left, right]]. Default 1. */
  padding?: Margins;
}

/** Zeros around images: made by `layers.zeroPadding2d`, which says more. */
export class ZeroPadding2D extends Layer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    padding: 'optional',
    dataFormat: 'optional',
  } satisfies OptionNames<ZeroPadding2DOptions>;
  readonly className = 'ZeroPadding2D';
  /** How many rows and columns come: [[top, bottom], [left, right]]. */
  readonly padding: [[number, number], [number, number]];
  /** The order of the axes. */
  readonly dataFormat: DataFormat;

  constructor(options: ZeroPadding2DOptions = {}) {
    super(options);
    this.padding = marginsOf('zeroPadding2d', 'padding', options.padding ?? 1);
    this.dataFormat = dataFormatOf('zeroPadding2d', options.dataFormat);
  }

  override build(shape: Shape): void {
    checkRank(this.name, shape, 4, '[n, height, width, channels]');
  }

  call(x: Sym): Sym {
    const { padding, dataFormat } = this;
    const none: [number, number] = [0, 0];
    return ops.pad(x, dataFormat === 'channelsFirst' ? [none, none, ...padding] : [none, ...padding, none]);
  }

  override getConfig() {
    return { ...super.getConfig(), padding: this.padding, dataFormat: this.dataFormat };
  }
}

/**
 * Puts rows and columns of zeros around images: [n, height, width, channels] to [n, height + top + bottom, width + left + right,
 * channels]. It has no weights. https://keras.io/api/layers/reshaping_layers/zero_padding2d/
 *
 * @throws EngineError `ARGUMENT` for numbers that are no integers of 0 or more; `SHAPE`, when applied, for another rank.
 * @example layers.zeroPadding2d({ padding: [[1, 0], [1, 0]] });
 */
export const zeroPadding2d = (options?: ZeroPadding2DOptions) => new ZeroPadding2D(options);
