import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { BaseGlobalPooling, type GlobalPoolingOptions } from './baseGlobalPooling.js';

/** The largest number of each channel, of sequences, images or volumes. */
abstract class GlobalMaxPooling extends BaseGlobalPooling {
  call(x: Sym): Sym {
    const { dataFormat, keepDims } = this.options;
    return ops.globalMaxPool(x, { dataFormat, keepDims });
  }
}

/** The largest number of each channel of a sequence: made by `layers.globalMaxPooling1d`, which says more. */
export class GlobalMaxPooling1D extends GlobalMaxPooling {
  readonly className = 'GlobalMaxPooling1D';

  constructor(options: GlobalPoolingOptions = {}) {
    super(1, options);
  }
}

/**
 * The largest number of each channel of a sequence: [n, length, channels] to [n, channels], or to [n, 1, channels] with
 * `keepDims`, float32. It has no weights. https://keras.io/api/layers/pooling_layers/global_max_pooling1d/
 *
 * @throws EngineError `SHAPE`, when applied, for another rank.
 * @example layers.globalMaxPooling1d();
 */
export const globalMaxPooling1d = (options?: GlobalPoolingOptions) => new GlobalMaxPooling1D(options);

/** The largest number of each channel of an image: made by `layers.globalMaxPooling2d`, which says more. */
export class GlobalMaxPooling2D extends GlobalMaxPooling {
  readonly className = 'GlobalMaxPooling2D';

  constructor(options: GlobalPoolingOptions = {}) {
    super(2, options);
  }
}

/**
 * The largest number of each channel of an image: [n, height, width, channels] to [n, channels], or to [n, 1, 1, channels] with
 * `keepDims`, float32. It has no weights. https://keras.io/api/layers/pooling_layers/global_max_pooling2d/
 *
 * @throws EngineError `SHAPE`, when applied, for another rank.
 * @example layers.globalMaxPooling2d();
 */
export const globalMaxPooling2d = (options?: GlobalPoolingOptions) => new GlobalMaxPooling2D(options);

/** The largest number of each channel of a volume: made by `layers.globalMaxPooling3d`, which says more. */
export class GlobalMaxPooling3D extends GlobalMaxPooling {
  readonly className = 'GlobalMaxPooling3D';

  constructor(options: GlobalPoolingOptions = {}) {
    super(3, options);
  }
}

/**
 * The largest number of each channel of a volume: [n, depth, height, width, channels] to [n, channels], or to [n, 1, 1, 1, channels] with
 * `keepDims`, float32. It has no weights. https://keras.io/api/layers/pooling_layers/global_max_pooling3d/
 *
 * @throws EngineError `SHAPE`, when applied, for another rank.
 * @example layers.globalMaxPooling3d();
 */
export const globalMaxPooling3d = (options?: GlobalPoolingOptions) => new GlobalMaxPooling3D(options);
