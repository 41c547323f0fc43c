import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { type AdaptivePoolingOptions, BaseAdaptivePooling } from './baseAdaptivePooling.js';
import type { Length, Pair, Triple } from './spatial.js';

/** The largest number of each window, of sequences, images or volumes. */
abstract class AdaptiveMaxPooling extends BaseAdaptivePooling {
  call(x: Sym): Sym {
    const { outputSize, dataFormat } = this.options;
    return ops.adaptiveMaxPool(x, { outputSize, dataFormat });
  }
}

/** The largest number of each of a given number of windows of a sequence: made by `layers.adaptiveMaxPooling1d`, which says more. */
export class AdaptiveMaxPooling1D extends AdaptiveMaxPooling {
  readonly className = 'AdaptiveMaxPooling1D';

  constructor(options: AdaptivePoolingOptions<Length>) {
    super(1, options);
  }
}

/**
 * The largest number of each of a given number of windows, which share a sequence out among them: float32 [n, length, channels] to
 * [n, outputSize, channels], the spatial sizes known. It has no weights.
 * https://keras.io/api/layers/pooling_layers/adaptive_max_pooling1d/
 *
 * @throws EngineError `ARGUMENT` for an outputSize that is no positive integer; `SHAPE`, when applied, for another rank and unknown sizes.
 * @example layers.adaptiveMaxPooling1d({ outputSize: 3 });
 */
export const adaptiveMaxPooling1d = (options: AdaptivePoolingOptions<Length>) =>
  new AdaptiveMaxPooling1D(options);

/** The largest number of each of a given number of windows of an image: made by `layers.adaptiveMaxPooling2d`, which says more. */
export class AdaptiveMaxPooling2D extends AdaptiveMaxPooling {
  readonly className = 'AdaptiveMaxPooling2D';

  constructor(options: AdaptivePoolingOptions<Pair>) {
    super(2, options);
  }
}

/**
 * The largest number of each of a given number of windows, which share an image out among them: float32 [n, height, width, channels] to
 * [n, ...outputSize, channels], the spatial sizes known. It has no weights.
 * https://keras.io/api/layers/pooling_layers/adaptive_max_pooling2d/
 *
 * @throws EngineError `ARGUMENT` for an outputSize that is no positive integer; `SHAPE`, when applied, for another rank and unknown sizes.
 * @example layers.adaptiveMaxPooling2d({ outputSize: [3, 2] });
 */
export const adaptiveMaxPooling2d = (options: AdaptivePoolingOptions<Pair>) =>
  new AdaptiveMaxPooling2D(options);

/** The largest number of each of a given number of windows of a volume: made by `layers.adaptiveMaxPooling3d`, which says more. */
export class AdaptiveMaxPooling3D extends AdaptiveMaxPooling {
  readonly className = 'AdaptiveMaxPooling3D';

  constructor(options: AdaptivePoolingOptions<Triple>) {
    super(3, options);
  }
}

/**
 * The largest number of each of a given number of windows, which share a volume out among them: float32 [n, depth, height, width, channels] to
 * [n, ...outputSize, channels], the spatial sizes known. It has no weights.
 * https://keras.io/api/layers/pooling_layers/adaptive_max_pooling3d/
 *
 * @throws EngineError `ARGUMENT` for an outputSize that is no positive integer; `SHAPE`, when applied, for another rank and unknown sizes.
 * @example layers.adaptiveMaxPooling3d({ outputSize: 2 });
 */
export const adaptiveMaxPooling3d = (options: AdaptivePoolingOptions<Triple>) =>
  new AdaptiveMaxPooling3D(options);
