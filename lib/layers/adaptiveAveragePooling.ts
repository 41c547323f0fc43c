import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { type AdaptivePoolingOptions, BaseAdaptivePooling } from './baseAdaptivePooling.js';
import type { Length, Pair, Triple } from './spatial.js';

/** The mean of each window, of sequences, images or volumes. */
abstract class AdaptiveAveragePooling extends BaseAdaptivePooling {
  call(x: Sym): Sym {
    const { outputSize, dataFormat } = this.options;
    return ops.adaptiveAveragePool(x, { outputSize, dataFormat });
  }
}

/** The mean of each of a given number of windows of a sequence: made by `layers.adaptiveAveragePooling1d`, which says more. */
export class AdaptiveAveragePooling1D extends AdaptiveAveragePooling {
  readonly className = 'AdaptiveAveragePooling1D';

  constructor(options: AdaptivePoolingOptions<Length>) {
    super(1, options);
  }
}

/**
 * The mean of each of a given number of windows, which share a sequence out among them: float32 [n, length, channels] to
 * [n, outputSize, channels], the spatial sizes known. It has no weights.
 * https://keras.io/api/layers/pooling_layers/adaptive_average_pooling1d/
 *
 * @throws EngineError `ARGUMENT` for an outputSize that is no positive integer; `SHAPE`, when applied, for another rank and unknown sizes.
 * @example layers.adaptiveAveragePooling1d({ outputSize: 3 });
 */
export const adaptiveAveragePooling1d = (options: AdaptivePoolingOptions<Length>) =>
  new AdaptiveAveragePooling1D(options);

/** The mean of each of a given number of windows of an image: made by `layers.adaptiveAveragePooling2d`, which says more. */
export class AdaptiveAveragePooling2D extends AdaptiveAveragePooling {
  readonly className = 'AdaptiveAveragePooling2D';

  constructor(options: AdaptivePoolingOptions<Pair>) {
    super(2, options);
  }
}

/**
 * The mean of each of a given number of windows, which share an image out among them: float32 [n, height, width, channels] to
 * [n, ...outputSize, channels], the spatial sizes known. It has no weights.
 * https://keras.io/api/layers/pooling_layers/adaptive_average_pooling2d/
 *
 * @throws EngineError `ARGUMENT` for an outputSize that is no positive integer; `SHAPE`, when applied, for another rank and unknown sizes.
 * @example layers.adaptiveAveragePooling2d({ outputSize: [3, 2] });
 */
export const adaptiveAveragePooling2d = (options: AdaptivePoolingOptions<Pair>) =>
  new AdaptiveAveragePooling2D(options);

/** The mean of each of a given number of windows of a volume: made by `layers.adaptiveAveragePooling3d`, which says more. */
export class AdaptiveAveragePooling3D extends AdaptiveAveragePooling {
  readonly className = 'AdaptiveAveragePooling3D';

  constructor(options: AdaptivePoolingOptions<Triple>) {
    super(3, options);
  }
}

/**
 * The mean of each of a given number of windows, which share a volume out among them: float32 [n, depth, height, width, channels] to
 * [n, ...outputSize, channels], the spatial sizes known. It has no weights.
 * https://keras.io/api/layers/pooling_layers/adaptive_average_pooling3d/
 *
 * @throws EngineError `ARGUMENT` for an outputSize that is no positive integer; `SHAPE`, when applied, for another rank and unknown sizes.
 * @example layers.adaptiveAveragePooling3d({ outputSize: 2 });
 */
export const adaptiveAveragePooling3d = (options: AdaptivePoolingOptions<Triple>) =>
  new AdaptiveAveragePooling3D(options);
