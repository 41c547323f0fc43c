import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { GlobalPooling2D, type GlobalPooling2DOptions } from './globalPooling2d.js';

/** The largest number of each channel of an image: made by `layers.globalMaxPooling2d`, which says more. */
export class GlobalMaxPooling2D extends GlobalPooling2D {
  readonly className = 'GlobalMaxPooling2D';

  call(x: Sym): Sym {
    const { dataFormat, keepDims } = this.options;
    return ops.globalMaxPool2d(x, { dataFormat, keepDims });
  }
}

/**
 * The largest number of each channel of an image: [n, height, width, channels] to [n, channels], or to [n, 1, 1, channels] with
 * `keepDims`, float32. It has no weights. https://keras.io/api/layers/pooling_layers/global_max_pooling2d/
 *
 * @throws EngineError `SHAPE`, when applied, for another rank.
 * @example layers.globalMaxPooling2d();
 */
export const globalMaxPooling2d = (options?: GlobalPooling2DOptions) => new GlobalMaxPooling2D(options);
