import type { OptionNames } from '../base/checks.js';
import { type Size, resized } from '../ops/resized.js';
import * as ops from '../ops/index.js';
import { type DataFormat, dataFormatOf } from '../ops/window.js';
import type { Sym } from '../core/sym.js';
import { Layer, type LayerOptions } from './layer.js';

/** What `layers.flatten` takes. */
export interface FlattenOptions extends LayerOptions {
  /** `channelsFirst`: the input is [n, channels, …], and comes out as its [n, …, channels] would. Default `channelsLast`. */
  dataFormat?: DataFormat;
}

/** All axes but the batch in one: made by `layers.flatten`, which says more. */
export class Flatten extends Layer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    dataFormat: 'optional',
  } satisfies OptionNames<FlattenOptions>;
  readonly className = 'Flatten';
  /** The order of the axes. */
  readonly dataFormat: DataFormat;

  constructor(options: FlattenOptions = {}) {
    super(options);
    this.dataFormat = dataFormatOf('flatten', options.dataFormat);
  }

  call(x: Sym): Sym {
    const isFirst = this.dataFormat === 'channelsFirst' && x.rank > 2;
    const last = isFirst ? ops.transpose(x, [0, ...[...x.shape.keys()].slice(2), 1]) : x;
    const size = x.shape.slice(1).reduce((product, n) => (n < 0 || product < 0 ? -1 : product * n), 1);
    const batch: Size = size < 0 ? { axis: 0 } : -1;
    return resized(last, [batch, size]);
  }

  override getConfig() {
    return { ...super.getConfig(), dataFormat: this.dataFormat };
  }
}

/**
 * All axes but the batch in one: [n, a, b, …] to [n, a · b · …], of any dtype; its size is unknown where one of theirs is. It has no
 * weights. https://keras.io/api/layers/reshaping_layers/flatten/
 *
 * @throws EngineError `ARGUMENT` for another data format.
 * @example layers.flatten();
 */
export const flatten = (options?: FlattenOptions) => new Flatten(options);
