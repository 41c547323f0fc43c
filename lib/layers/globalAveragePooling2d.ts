import * as ops from '../ops/index.js';
import type { Sym } from '../sym.js';
import { GlobalPooling2D, type GlobalPooling2DOptions } from './globalPooling2d.js';

/** The mean of each channel: [n, height, width, channels] to [n, channels]. https://keras.io/api/layers/pooling_layers/global_average_pooling2d/ */
export class GlobalAveragePooling2D extends GlobalPooling2D {
  readonly className = 'GlobalAveragePooling2D';

  call(x: Sym): Sym {
    const { dataFormat, keepDims } = this.options;
    return ops.globalAvgPool2d(x, { dataFormat, keepDims });
  }
}

/** See {@link GlobalAveragePooling2D}. @example layers.globalAveragePooling2d() */
export const globalAveragePooling2d = (options?: GlobalPooling2DOptions) =>
  new GlobalAveragePooling2D(options);
