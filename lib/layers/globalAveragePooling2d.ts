import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { GlobalPooling2D, type GlobalPooling2DOptions } from './globalPooling2d.js';

/** The mean of each channel of an image: made by `layers.globalAveragePooling2d`, which says more. */
export class GlobalAveragePooling2D extends GlobalPooling2D {
  readonly className = 'GlobalAveragePooling2D';

  call(x: Sym): Sym {
    const { dataFormat, keepDims } = this.options;
    return ops.globalAvgPool2d(x, { dataFormat, keepDims });
  }
}

/**
 * The mean of each channel of an image: [n, height, width, channels] to [n, channels], or to [n, 1, 1, channels] with `keepDims`,
 * float32. It has no weights. https://keras.io/api/layers/pooling_layers/global_average_pooling2d/
 *
 * @throws EngineError `SHAPE`, when applied, for another rank.
 * @example layers.globalAveragePooling2d();
 */
export const globalAveragePooling2d = (options?: GlobalPooling2DOptions) =>
  new GlobalAveragePooling2D(options);
