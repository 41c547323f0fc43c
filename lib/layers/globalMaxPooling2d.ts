import * as ops from '../ops/index.js';
import type { Sym } from '../sym.js';
import { GlobalPooling2D, type GlobalPooling2DOptions } from './globalPooling2d.js';

/** The largest number of each channel: [n, height, width, channels] to [n, channels]. https://keras.io/api/layers/pooling_layers/global_max_pooling2d/ */
export class GlobalMaxPooling2D extends GlobalPooling2D {
  readonly className = 'GlobalMaxPooling2D';

  call(x: Sym): Sym {
    const { dataFormat, keepDims } = this.options;
    return ops.globalMaxPool2d(x, { dataFormat, keepDims });
  }
}

/** See {@link GlobalMaxPooling2D}. @example layers.globalMaxPooling2d() */
export const globalMaxPooling2d = (options?: GlobalPooling2DOptions) => new GlobalMaxPooling2D(options);
